"""What operators see of the running server: marks that tie log lines together, the lines themselves, figures."""
