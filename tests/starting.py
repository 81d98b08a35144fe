"""`manage.py` started with just the variables that a test names, quickly.

    done = started(["check"], {"SITE_URL": "https://"})
    assert done.returncode == 1

What Python, the libraries and our pure modules need is loaded once, in a process that knows no settings and forks for
each start: that runs manage.py from its first line, or a module's `main` that is talked to (`forked`).
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parent.parent
# what no setting changes: half of a start is to read these
LIBRARIES = (
    "bs4", "cryptography.hazmat.primitives.asymmetric.rsa", "cryptography.hazmat.primitives.serialization",
    "css_inline", "defusedxml.ElementTree", "django.contrib.admin.checks", "django.core.cache",
    "django.core.handlers.wsgi", "django.core.mail", "django.core.management.commands.check",
    "django.core.management.commands.migrate", "django.db.backends.sqlite3.base", "django.db.models", "django.forms",
    "django.template.backends.django", "django.urls", "django.views.generic", "email_validator", "feedparser",
    "flufl.bounce", "httpx", "jinja2.sandbox", "lark", "lxml.html", "markdown_it", "numpy.typing", "psycopg", "redis",
    "requests", "sqlparse",
)  # fmt: skip
PURE = (
    "digest.editions.compose", "digest.environment", "digest.inbox", "digest.mail.compose", "digest.mail.proof",
    "digest.matching.shelf", "digest.sources.reader", "subscribers.outbox.dkim", "subscribers.outbox.providerurl",
    "subscribers.outbox.reports", "subscribers.outbox.scores", "subscribers.query.boxes", "subscribers.query.explain",
    "subscribers.query.mends", "subscribers.schedule",
)  # fmt: skip


def started(words: Sequence[str], variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """As by `manage.py WORDS` where nothing but PATH and these variables is set."""
    with tempfile.NamedTemporaryFile("r") as out, tempfile.NamedTemporaryFile("r") as err:
        order = {"words": [*words], "variables": {**variables}, "out": out.name, "err": err.name}
        code = _asked(order)
        return subprocess.CompletedProcess(["manage.py", *words], code, out.read(), err.read())


def forked(module: str, variables: Mapping[str, str]) -> tuple[TextIO, TextIO]:
    """The standard input and output of a process that is in a module's `main`, with just these variables."""
    with tempfile.TemporaryDirectory() as folder:
        into, out = Path(folder, "in"), Path(folder, "out")
        os.mkfifo(into)
        os.mkfifo(out)
        _asked({"module": module, "variables": {**variables}, "in": str(into), "out": str(out)})
        return into.open("w"), out.open()  # each when the other end is open too


def _asked(order: dict[str, Any]) -> int:
    mother = _mother()
    assert mother.stdin is not None
    assert mother.stdout is not None
    mother.stdin.write(json.dumps(order) + "\n")
    mother.stdin.flush()
    return int(mother.stdout.readline())


@cache
def _mother() -> "subprocess.Popen[str]":
    made = subprocess.Popen([sys.executable, "-m", "tests.starting"], cwd=ROOT, env={"PATH": os.environ["PATH"]},
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
    atexit.register(made.communicate)
    return made


def child(order: dict[str, Any]) -> int:
    """One start, with its output in files; the exit code."""
    os.environ.update(order["variables"])
    for descriptor, name in ((1, order["out"]), (2, order["err"])):
        os.dup2(os.open(name, os.O_WRONLY | os.O_TRUNC), descriptor)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    sys.argv = ["manage.py", *order["words"]]
    code = 0
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        if isinstance(leaving.code, str):
            print(leaving.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def talked_to(order: dict[str, Any]) -> int:
    """A module's main, with its standard input and output in pipes that have names."""
    os.environ.clear()
    os.environ.update(order["variables"])
    os.dup2(os.open(order["in"], os.O_RDONLY), 0)
    os.dup2(os.open(order["out"], os.O_WRONLY), 1)
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    importlib.import_module(order["module"]).main()
    return 0


def main() -> None:
    for name in (*LIBRARIES, *PURE):
        importlib.import_module(name)
    gc.freeze()  # so that no child's collection touches, and so copies, what all of them share
    for line in sys.stdin:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # one that was talked to has ended
                pass
        order = json.loads(line)
        talks = "module" in order
        number = os.fork()
        if number == 0:
            code = 1
            try:
                code = (talked_to if talks else child)(order)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        print(0 if talks else os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
