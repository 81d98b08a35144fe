"""What the benches of sending share: a PostgreSQL that syncs, Debian's smtp-sink, and what each of them has used."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

TICK = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parent.parent.parent


def folder_of(url: str) -> str:
    """Where the server's socket, and its data, lie."""
    return parse_qs(urlsplit(url).query)["host"][0]


def new_database(url: str, name: str) -> str:
    """The URL of an empty database on the server."""
    with psycopg.connect(host=folder_of(url), user="digest", dbname="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return url.replace("/postgres?", f"/{name}?")


def seconds_of(process: int) -> float:
    """CPU seconds of a process, and of its children that have ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICK


def database_seconds(url: str) -> float:
    """CPU seconds of the whole server: its first process, those that have ended and those at work."""
    first = int((Path(folder_of(url)) / "data" / "postmaster.pid").read_text().splitlines()[0])
    children = subprocess.run(["pgrep", "-P", str(first)], capture_output=True, text=True, check=False).stdout.split()
    return sum(map(seconds_of, [first, *map(int, children)]))


@contextmanager
def sink() -> Iterator[tuple[str, int]]:
    """EMAIL_URL and process of an smtp-sink (package postfix) that counts, or of ours where there is none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    program = shutil.which("smtp-sink", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("Debian's smtp-sink is missing: apt-get install postfix")
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program, *user, "-c", f"127.0.0.1:{port}", "1000"], stdout=subprocess.DEVNULL)
    try:
        _listens(port)
        yield f"smtp://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> None:
    for _ in range(500):
        if re.search(rf":{port:04X} 00000000:0000 0A", Path("/proc/net/tcp").read_text()):
            return
        time.sleep(0.01)
    sys.exit("smtp-sink did not start")


def rows(module: str, url: str, sizes: list[int], *more: str) -> Iterator[list[str]]:
    """Each size in a process and a database of its own; the cells that it prints. `more` are its other arguments."""
    for size in sizes:
        database = new_database(url, f"bench_{module.rpartition('.')[2]}_{size}")
        with sink() as (email, process):
            env = {**os.environ, "DATABASE_URL": database, "EMAIL_URL": email, "SINK": str(process)}
            done = subprocess.run([sys.executable, "-m", module, str(size), *more], cwd=ROOT, env=env,
                                  capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode:
            sys.exit(done.stderr)
        yield done.stdout.strip().split("\t")
