"""Users, their tokens, identities and system accounts."""
