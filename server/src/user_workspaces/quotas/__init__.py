"""Quotas: how much disk, how many core hours and how many jobs at once a person may have, and never more than that."""
