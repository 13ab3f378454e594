"""Workspaces: a person's files, links to datasets, and what is known of them."""
