"""The embedded service's parts, one by one: where it may live, its lock, its broker, its supervisor."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from digest.embedded import broker, lock, place
from digest.embedded.supervisor import Part, Supervisor

MOUNTS = """21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 21 0:40 / /home rw,relatime shared:1 - nfs4 server:/home rw
31 30 8:2 / /home/ada/local rw - xfs /dev/sdb rw
32 21 0:41 / /mnt/the\\040share rw - cifs //server/share rw
33 21 0:42 / /data rw - ext4 /dev/sdc rw
34 21 0:43 / /data rw - fuse.sshfs ada@server:/ rw
"""
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/digest", "ext4"),
        ("/home/ada/var", "nfs4"),
        ("/home/ada/local/var", "xfs"),
        ("/homes/ada", "ext4"),
        ("/mnt/the share/var", "cifs"),
        ("/data/var", "fuse.sshfs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_nearest_mount(path, kind):
    assert place.file_system(Path(path), MOUNTS) == kind


def test_sqlite_on_a_network_file_system_is_refused_with_the_reason_and_the_mend(monkeypatch, tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / {tmp_path} rw - nfs4 server:/x rw\n")
    monkeypatch.setattr(place, "MOUNTS", mounts)
    said = place.refusal(tmp_path / "digest.sqlite3")
    assert "nfs4" in said
    assert "DIGEST_HOME" in said
    assert "postgres://" in said
    assert place.refusal(Path("/var/lib/digest.sqlite3")) == ""
    monkeypatch.setattr(place, "MOUNTS", tmp_path / "none")
    assert place.refusal(tmp_path / "digest.sqlite3") == ""


def test_a_socket_path_that_is_too_long_is_refused_in_words():
    broker.check_socket(Path("/" + "x" * 106))
    with pytest.raises(broker.NoBroker, match=r"DIGEST_HOME.*107"):
        broker.check_socket(Path("/" + "x" * 107))
    with pytest.raises(broker.NoBroker):
        broker.check_socket(Path("/" + "ü" * 54))


def test_the_broker_is_the_wheels_then_one_on_path_then_a_reason(monkeypatch, tmp_path):
    assert Path(broker.program()).name == "valkey-server"
    monkeypatch.setattr(broker.importlib.util, "find_spec", lambda name: None)
    mine = tmp_path / "redis-server"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert broker.program() == str(mine)
    mine.unlink()
    with pytest.raises(broker.NoBroker, match="BROKER_URL"):
        broker.program()


def wait(until, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def holder(path: Path, text: str) -> "subprocess.Popen[bytes]":
    """A process that holds the lock, as a child of a supervisor does."""
    held = lock.take(path, print)
    os.ftruncate(held, 0)
    os.pwrite(held, text.encode(), 0)
    child = subprocess.Popen(SLEEPER, pass_fds=[held])
    os.close(held)
    return child


def test_a_second_supervisor_is_refused_with_the_firsts_number(tmp_path):
    child = holder(tmp_path / "up.lock", "")
    (tmp_path / "up.lock").write_text(str(child.pid))  # the file names the holder: it is the supervisor
    with pytest.raises(lock.AlreadyUp, match=f"process {child.pid}"):
        lock.take(tmp_path / "up.lock", print)
    assert child.poll() is None
    child.kill()
    child.wait()


def test_what_a_killed_supervisor_left_is_ended_and_the_lock_taken(tmp_path):
    child = holder(tmp_path / "up.lock", "999999999")
    said: list[str] = []
    held = lock.take(tmp_path / "up.lock", said.append)
    assert child.wait(10) == -signal.SIGTERM
    assert str(child.pid) in said[0]
    assert (tmp_path / "up.lock").read_text() == str(os.getpid())
    os.close(held)


def test_whoever_merely_has_the_lock_file_open_is_not_ended(tmp_path):
    held = lock.take(tmp_path / "up.lock", print)
    with (tmp_path / "up.lock").open() as looked_at:
        bystander = subprocess.Popen(SLEEPER, stdin=looked_at)
    lock.end(held, 0.1)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
    os.close(held)


@pytest.mark.slow
def test_what_does_not_end_when_asked_is_killed(tmp_path):
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    )
    held = lock.take(tmp_path / "up.lock", print)
    child = subprocess.Popen([sys.executable, "-c", stubborn], pass_fds=[held], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    os.ftruncate(held, 0)
    os.close(held)
    os.close(lock.take(tmp_path / "up.lock", print))
    assert child.wait(10) == -signal.SIGKILL
    child.stdout.close()


@pytest.fixture
def supervisor(tmp_path):
    held = lock.take(tmp_path / "up.lock", print)
    parts = [Part("one", SLEEPER, 5.0), Part("two", SLEEPER, 5.0)]
    made = Supervisor(parts, ("two", "elsewhere", "one"), held, tmp_path / "logs")
    yield made
    made.stop()
    os.close(held)


def test_a_part_that_ends_is_started_again_each_time_after_a_longer_wait(supervisor, capsys):
    supervisor.start("one")
    part = supervisor.parts["one"]
    first = part.process
    first.kill()
    first.wait()
    supervisor.mend()
    assert not part.alive
    assert "SIGKILL" in capsys.readouterr().out
    part.again_at = time.monotonic()
    supervisor.mend()
    assert part.alive
    part.process.kill()
    part.process.wait()
    supervisor.mend()
    assert "in 1 s" in capsys.readouterr().out
    assert part.failures == 2


def test_a_signal_ends_the_watch_and_stopping_ends_every_part_in_order(supervisor):
    supervisor.start("one")
    supervisor.start("two")
    supervisor.signals.append(signal.SIGINT)
    supervisor.watch()
    supervisor.stop()
    assert [part.process.returncode for part in supervisor.parts.values()] == [-signal.SIGTERM] * 2


def test_a_closed_terminal_stops_no_line(monkeypatch):
    from digest.embedded import supervisor as module

    class Gone:
        def write(self, text: str) -> int:
            raise OSError("gone")

        def flush(self) -> None:
            raise OSError("gone")

    monkeypatch.setattr(sys, "stdout", Gone())
    module.say("nobody hears this")
