"""Workspaces offered to other people as copies: the offers, the copying, the answers, and the mail about them."""
