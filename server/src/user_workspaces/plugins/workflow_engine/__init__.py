"""Engines: from the specification of one type of workflow to the steps that run."""
