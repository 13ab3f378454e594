"""Built-in plug-ins of the kind container_runtime."""
