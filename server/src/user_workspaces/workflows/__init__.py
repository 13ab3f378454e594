"""Reproducible runs: from a specification to the results of its steps."""
