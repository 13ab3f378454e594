"""The proxy to running sessions: checks every request, then relays it as bytes."""
