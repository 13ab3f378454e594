"""Configuration of Sphinx for these pages: `make docs`; a warning is an error."""

from importlib.metadata import version as version_of

project = "User Workspaces"
author = "The User Workspaces authors"
copyright = f"2026, {author}"  # noqa: A001  the name that Sphinx reads
release = version_of("user-workspaces-server")

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
suppress_warnings: list[str] = []
nitpicky = True

html_theme = "alabaster"
html_theme_options = {"description": "Workspaces and interactive sessions", "fixed_sidebar": True}
html_show_sourcelink = False
html_copy_source = False
