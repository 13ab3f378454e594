"""Database code of several features: leases, searches, raw lists, errors."""
