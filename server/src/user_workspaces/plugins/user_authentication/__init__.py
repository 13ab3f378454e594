"""Built-in plug-ins of the kind user_authentication."""
