#!/usr/bin/env python
"""The server's command line: `python manage.py help` lists what there is."""

import os
import sys

from django.core.management import execute_from_command_line

from user_workspaces.errors import ConfigurationError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "user_workspaces.config.settings")
    try:
        execute_from_command_line(sys.argv)
    except ConfigurationError as error:
        sys.exit(f"error: {error}")
