"""The environments of workspaces: their selection, preparation and activation."""
