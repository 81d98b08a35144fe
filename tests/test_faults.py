"""The cheap rows of the fault table, and the page that the table is written to."""

import os
from collections import Counter

import pytest
from django.db import connection

from tests.faults.database import Database
from tests.faults.deliveries import cells, posted
from tests.faults.groups import GROUPS, cell_row, life
from tests.faults.kit import Missing
from tests.faults.record import Group, Row, merged, page, read
from tests.faults.relay import behind, down
from tests.lives import ROOT, SLOT
from tests.sink import Sink
from tests.up import wait

# the kit's mails are short: when the line is cut in the body, the dot may have been let go
PAGE = ROOT / "digest" / "docs" / "faults.md"
STAGES = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "the dot")
NEAR_THE_DOT = ("drop at the dot", "slow at the dot", "slow reader at the dot", "abort at DATA", "cut at body")


def test_a_page_is_read_as_it_was_written():
    row = Row("5xx at CONNECT, 1 connection", "3 accepted", 12_000, 0, 1, 2, 3.25)
    one = Group(
        "A title",
        "Some words of it. " * 20,
        "python -m tests.faults --only smtp",
        "0123abcdef",
        "2026-11-26",
        9,
        (row,),
    )
    other = Group(
        "Another", "Words.", "python -m tests.faults --only kills --points 4", "0123abcdef+", "2026-11-26", 1, ()
    )
    again = read(page([one, other]))
    assert [group.title for group in again] == ["A title", "Another"]
    assert again[0].words == one.words.strip()
    assert again[0].rows == (Row("5xx at CONNECT, 1 connection", "3 accepted", 12_000, 0, 1, 2, 3.2),)
    assert (again[1].rows, again[1].commit, again[1].seconds) == ((), "0123abcdef+", 1)
    assert merged(again, [one], ["Another", "A title"]) == [again[1], one]
    with pytest.raises(ValueError, match="by which command"):
        read("## A title\nWords.\n")


def test_the_page_of_the_handbook_holds_every_cell_and_nothing_lost_or_doubled():
    parts = {part.title: name for name, part in GROUPS.items()}
    found = {parts[group.title]: group for group in read(PAGE.read_text())}
    assert all(f"--only {name}" in group.command for name, group in found.items())
    cases = {row.case.partition(",")[0] for row in found["smtp"].rows}
    faults = ("5xx", "4xx", "421", "drop", "slow", "slow reader")
    assert {f"{fault} at {stage}" for fault in faults for stage in STAGES} <= cases
    rows = [row for group in found.values() for row in group.rows]
    assert [row for row in rows if row.lost or row.doubled] == []
    assert [row for row in found["smtp"].rows if row.unknown and not row.case.startswith(NEAR_THE_DOT)] == []


@pytest.mark.slow
@pytest.mark.postgres
def test_in_every_cell_nothing_is_lost_doubled_or_in_doubt_but_near_the_dot():
    """All that smtp-matrix has, over three connections: no letter is unknown that was not near its dot."""
    if connection.vendor != "postgresql":
        pytest.skip("once is enough: see the PostgreSQL run")
    try:
        with life() as service:
            posted(service, 3)
            found = cells(service, 3, os.environ.get("FAULTS_CELLS", "*"))
    except Missing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"not on this machine: {missing}")
    assert found["ok"], found["figure"]
    for row in (cell_row(cell, 3) for cell in found["cells"]):
        assert row.unknown == 0 or row.case.startswith(NEAR_THE_DOT), row
        assert (row.lost, row.doubled) == (0, 0)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_relay_that_was_down_for_thirty_hours_gets_every_letter_once():
    if connection.vendor != "postgresql":
        pytest.skip("on SQLite it is told in test_outage")
    with life() as service:
        row = down(service, readers=2)
    assert (row.ends, row.lost, row.doubled, row.unknown) == ("2 accepted, 2 cancelled", 0, 0, 0)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_confirmation_goes_before_the_digests_that_wait():
    """At 10 a second, 600 of them would take a minute."""
    if connection.vendor != "postgresql":
        pytest.skip("once is enough: see the PostgreSQL run")
    with life() as service:
        found = behind(service, digests=700, rate=10)
    assert found.between < 600
    assert found.between < found.waited


@pytest.mark.slow
@pytest.mark.postgres
def test_a_database_that_was_away_is_told_the_last_replies_and_has_its_batches_back():
    """The clock stands still, so a batch that was not given back could not be claimed again."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's database is a file")
    with life() as service, Sink() as sink:
        posted(service, 3)
        database = Database(service.env["DATABASE_URL"])
        sink.fault("DOT", "slow", times=1)
        words = ("deliver", "--until-empty", "--now", SLOT)
        sender = service.process("manage.py", *words, email_url=f"{sink.url}?connections=1")
        wait(lambda: sink.received, 60, "the first dot")
        database.refuse(service.name)
        sink.release()
        wait(lambda: database.refused(service.name), 60, "somebody who asks for the database")
        database.admit(service.name)
        _, said = sender.communicate(timeout=60)
        assert sender.returncode == 1, said
        assert Counter(letter["state"] for letter in service.letters()) == {"accepted": 1, "waiting": 2}
        service.email_url = sink.url
        assert service.json(*words)["accepted"] == 2
    assert len(sink.received) == 3
