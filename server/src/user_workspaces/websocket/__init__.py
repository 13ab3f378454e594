"""Job status over WebSocket. The database is polled, so there is no broker, and no change can be missed."""
