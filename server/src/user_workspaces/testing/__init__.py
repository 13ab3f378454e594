"""For plug-in authors: fakes, a clock, and a contract suite for each interface."""
