"""A store of environments for plug-ins: each is built once for its content, and readable by all accounts."""
