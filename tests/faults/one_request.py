"""The process that the kit kills: a web server that answers one request. `one_request.py PORT`"""

import os
import sys
from wsgiref.simple_server import make_server

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
    from digest.wsgi import application

    with make_server("127.0.0.1", int(sys.argv[1]), application) as server:
        server.handle_request()
