"""What several features need of the database: leases, searches, raw lists, errors."""
