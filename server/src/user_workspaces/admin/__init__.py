"""The administration for operators: tables of all users' objects, and actions on them. Secrets are never shown."""
