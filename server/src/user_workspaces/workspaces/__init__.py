"""Workspaces: the files of a user, links to datasets, and their description."""
