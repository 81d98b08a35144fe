"""The process that the kit kills: a command whose EMAIL_URL gets options. `victim.py OPTIONS COMMAND WORD...`"""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ["EMAIL_URL"] += f"?{sys.argv[1]}"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
    execute_from_command_line(["manage.py", *sys.argv[2:]])
