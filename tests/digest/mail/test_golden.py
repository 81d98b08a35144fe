"""Whole mails of invented papers, kept as files: what a change of code or wording does to them is seen in review.

`GOLDEN=write` writes them anew (and skips, so that nobody takes that for a proof).
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from digest.editions.draft import SHORT, TITLES
from digest.mail import alert
from digest.mail.said import known
from tests.digest.mail.invented import (
    DOUBT,
    DRAFT,
    LEAVE,
    ME,
    MESSAGE_ID,
    NOTHING,
    NOW,
    PANEL,
    PAUSED,
    READER,
    SAID,
    alarm,
    composer,
    notice,
)
from tests.digest.mail.reading import read

FOLDER = Path(__file__).parents[2] / "golden"
MAILS = {
    "digest": lambda: composer().compose(DRAFT, READER, MESSAGE_ID, NOW),
    "short": lambda: composer().compose(replace(DRAFT, length=SHORT), READER, MESSAGE_ID, NOW),
    "titles": lambda: composer().compose(replace(DRAFT, length=TITLES), READER, MESSAGE_ID, NOW),
    "nothing": lambda: composer().compose(NOTHING, READER, MESSAGE_ID, NOW),
    **{kind: partial(notice, kind) for kind in SAID},
    "alert_over": partial(notice, "alert", alert.said([], [alarm(DOUBT)], PANEL)),
    "known_paused": partial(notice, "known", known(PAUSED, ME, LEAVE)),
}


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_is_the_one_kept(name: str) -> None:
    mail = read(MAILS[name]())
    parts = {f"{name}.txt": mail.text, f"{name}.html": mail.html}
    if os.environ.get("GOLDEN") == "write":
        for file, text in parts.items():
            (FOLDER / file).write_text(text, encoding="utf-8")
        pytest.skip("written, not compared")
    for file, text in parts.items():
        assert text == (FOLDER / file).read_text(encoding="utf-8")
