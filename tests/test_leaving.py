"""Leaving wins: by one click at any moment of a run, on the real site, beside real deliverers."""

import os

import pytest
from django.db import connection

from tests.faults.leaving import race
from tests.lives import Service

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
# 10,000 letters, 1,000 leavers and 150 a second is what the fault table has
LETTERS = int(os.environ.get("LEAVING_LETTERS", "600"))
LEAVERS = int(os.environ.get("LEAVERS", "100"))
RATE = float(os.environ.get("LEAVING_RATE", "60"))


def test_no_letter_is_dotted_after_its_reader_was_told_that_they_have_left(tmp_path):
    if connection.vendor != "postgresql":
        pytest.skip("several writers at once are PostgreSQL's (SQLite has one at a time); see the PostgreSQL run")
    service = Service(tmp_path)
    try:
        found = race(service, LETTERS, LEAVERS, RATE)
    finally:
        service.close()
    assert len(found.left) == LEAVERS
    assert found.against_their_word == set()
    assert found.late == {}
    assert (found.doubled, found.lost, found.unknown) == (set(), set(), 0)
    assert found.cancelled, "some left before their letter went"
    assert found.arrived, "and some after"
    assert len(found.cancelled) + len(found.arrived) == LEAVERS
