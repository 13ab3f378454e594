"""Sharing of workspaces: offers to other users, the copies that they get, and the mail about offers."""
