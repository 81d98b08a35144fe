"""The web service's entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
application = get_wsgi_application()
gc.freeze()  # what the start has made stays; else the first big page pays for looking through it all
