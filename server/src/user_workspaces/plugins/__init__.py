"""Built-in plug-ins: loaded by entry points only; each folder can be deleted, and its feature is gone."""
