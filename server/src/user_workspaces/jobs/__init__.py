"""Jobs: what runs in a workspace, from the wish to the end."""
