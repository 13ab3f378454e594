"""The relay between a browser and its session."""
