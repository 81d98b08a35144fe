"""The journal of leaves on a disk that fills up: nothing that was promised is lost in it."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from subscribers import membership
from subscribers.models import Subscriber
from subscribers.outbox import journal
from tests.house import at, reader

EIGHT = at("2026-03-02 08:00")
A, B, C = "a" * 32, "b" * 32, "c" * 32


@contextmanager
def room_for(octets: int) -> Iterator[None]:
    """No file grows past so many octets: what reaches over the end is written in part, as on a full disk."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


@pytest.fixture
def torn(tmp_path: Path) -> Path:
    """A journal with a whole line, and half of another one."""
    file = tmp_path / "journal.jsonl"
    journal.write(file, "left", A, EIGHT)
    with room_for(file.stat().st_size + 40), pytest.raises(OSError, match="File too large"):
        journal.write(file, "left", B, EIGHT)
    return file


def keys(file: Path) -> list[str]:
    return [key for _, _, key in journal.read(file, at("2026-03-01 00:00"))]


def test_a_line_that_the_disk_has_no_room_for_is_an_error_and_swallows_no_other(torn):
    journal.write(torn, "left", C, EIGHT)
    assert keys(torn) == [A, C]


@pytest.mark.django_db
def test_nobody_has_left_whose_line_is_not_whole(torn):
    reader("r@example.org", now="2026-03-02 07:00")
    person = Subscriber.objects.get()
    with room_for(torn.stat().st_size + 40), pytest.raises(OSError, match="File too large"):
        membership.leave(person.pk, EIGHT, how="one-click", journal_file=torn)
    person.refresh_from_db()
    assert person.state == "active"
    membership.leave(person.pk, EIGHT, how="one-click", journal_file=torn)
    assert keys(torn) == [A, person.key]


def test_a_line_that_was_written_onto_a_torn_one_is_found(torn):
    whole = torn.read_bytes().splitlines(keepends=True)[0]
    with torn.open("ab") as file:
        file.write(whole)
    assert keys(torn) == [A, A]


def test_what_a_power_cut_left_behind_hides_no_line(torn):
    whole = torn.read_bytes().splitlines(keepends=True)[0]
    torn.write_bytes(b"\0" * 50 + b"\xff" + whole + whole[:-1] + b"\0\0\n[1]\n" + whole)
    assert keys(torn) == [A, A, A]
