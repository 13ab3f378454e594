"""A User Workspaces Server: workspaces, interactive sessions and a proxy to them."""

__version__ = "0.1.0"
