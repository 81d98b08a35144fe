"""The web service's entry point."""

import gc
import logging
import os

from django.core.wsgi import get_wsgi_application

from subscribers.discretion import WithoutTokens

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
for _name in ("gunicorn.error", "gunicorn.access"):  # its own logs, too, know no tokens
    for _handler in logging.getLogger(_name).handlers:
        _handler.addFilter(WithoutTokens())
application = get_wsgi_application()
gc.freeze()  # what the start has made stays; else the first big page pays for looking through it all
