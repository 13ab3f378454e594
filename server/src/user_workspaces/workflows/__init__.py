"""Reproducible runs of workflows."""
