"""What the measuring kit calls as its commands: hands the phase to the desk (`kit.Desk`), prints what that answers.

`python -I -S ask.py SOCKET`: nothing but the standard library, so that a call costs 20 ms and not Django's start.
"""

import json
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as link:
    link.connect(sys.argv[1])
    asked = {name: os.environ.get(name, "") for name in ("KIT_PHASE", "KIT_CELL", "EMAIL_URL")}
    link.sendall(json.dumps(asked).encode() + b"\n")
    code, _, said = link.makefile().read().partition("\n")
    print(said)
    sys.exit(int(code))
