"""The extension's routes and what answers them."""

from .handlers import setup_handlers

__all__ = ["setup_handlers"]
