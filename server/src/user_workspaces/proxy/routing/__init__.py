"""Routes requests to sessions and checks their authorization."""
