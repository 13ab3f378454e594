"""Launching, opening and stopping sessions."""
