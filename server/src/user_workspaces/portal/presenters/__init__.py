"""What templates show of jobs, runs, workspaces and shares."""
