"""Presenters: jobs, runs, workspaces and shares prepared for templates."""
