"""Job status over WebSocket. What is watched is the rows: there is no broker, and nothing can be missed."""
