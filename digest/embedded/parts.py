"""The parts of the embedded service, and how each is started."""

from __future__ import annotations

import sys
from pathlib import Path

from digest.embedded import broker
from digest.embedded.supervisor import Part

WORKERS = 3  # two deliverers at most, so that a mail server that hangs leaves a place for looks and digests
STOPS = ("beat", "worker", "web", "broker")


def parts(home: Path, port: int, socket: Path | None) -> list[Part]:
    """Broker (when it is ours: `socket`), web, worker, beat: in the order in which they start."""
    service = [_web(port), _worker(), _beat(home)]
    return service if socket is None else [_broker(home, socket), *service]


def _broker(home: Path, socket: Path) -> Part:
    folder = home / "broker"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Part("broker", broker.command(folder, socket), patience=10)


def _web(port: int) -> Part:
    bind = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4", "--no-control-socket"]
    return Part("web", [sys.executable, "-m", "gunicorn", *bind, "digest.wsgi"], patience=10)


def _worker() -> Part:
    options = ["--concurrency", str(WORKERS), "--queues", "celery,mail", "--loglevel", "WARNING"]
    quiet = ["--without-gossip", "--without-mingle"]
    # SIGTERM as SIGQUIT: running tasks get worker_soft_shutdown_timeout, and don't hold up the stop for ever
    return Part("worker", [*_celery("worker"), *options, *quiet], 30, {"REMAP_SIGTERM": "SIGQUIT"})


def _beat(home: Path) -> Part:
    schedule = home / "beat"
    schedule.mkdir(parents=True, exist_ok=True)
    return Part("beat", [*_celery("beat"), "--schedule", str(schedule / "schedule"), "--pidfile", ""], patience=5)


def _celery(what: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "digest.celery", what]
