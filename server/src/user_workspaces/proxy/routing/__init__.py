"""Which session a request is for, and whether it may reach it."""
