"""Quotas of a user: disk, core hours, and jobs at once."""
