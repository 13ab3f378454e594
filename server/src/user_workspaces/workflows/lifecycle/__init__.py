"""The life cycle of a run."""
