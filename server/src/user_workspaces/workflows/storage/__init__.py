"""The state of runs on disk: plan, journal and logs."""
