#!/usr/bin/env python
"""Django's command line for Daily Papers Digest."""

import os
import sys

from django.core.management import execute_from_command_line

from digest.environment import SettingError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
    try:
        execute_from_command_line(sys.argv)
    except SettingError as wrong:
        sys.exit(str(wrong))
