"""The administration: what operators see of everybody's, and may do with it. Nothing secret is ever shown."""
