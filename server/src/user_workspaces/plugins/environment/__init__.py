"""Built-in plug-ins of the kind environment."""
