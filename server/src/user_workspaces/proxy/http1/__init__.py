"""HTTP/1.1 messages: heads and bodies."""
