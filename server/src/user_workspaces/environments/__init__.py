"""The environment of a workspace: which one it is, and how a job gets it."""
