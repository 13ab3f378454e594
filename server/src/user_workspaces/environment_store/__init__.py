"""Folders with software that are built once for each content, beside the server, and read by all: for plug-ins."""
