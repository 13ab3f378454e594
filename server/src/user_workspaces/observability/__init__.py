"""Request IDs, log formats and metrics for operators."""
