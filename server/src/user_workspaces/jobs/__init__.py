"""Jobs: the processes that run in a workspace, from the launch request to the end."""
