"""The extension's routes and handlers."""

from .handlers import setup_handlers

__all__ = ["setup_handlers"]
