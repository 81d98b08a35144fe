"""Whole mails of invented papers, kept as files: what a change of code or wording does to them is seen in review.

`GOLDEN=write` writes them anew (and skips, so that nobody takes that for a proof).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from digest.mail.compose import compose_notice
from tests.digest.mail.invented import DRAFT, MESSAGE_ID, NOW, READER, SITE, composer, wording
from tests.digest.mail.reading import read

FOLDER = Path(__file__).parents[2] / "golden"
LINK = {"link": "https://papers.example.org/confirm/ABEiM0RVZneImaq7zN3u_0nXc7Lw1Fv9aHd2eKp6Rz8TABEiM0RV"}
CONFIRM_ID = MESSAGE_ID.replace("digest.", "confirm.", 1)
MAILS = {
    "digest": lambda: composer().compose(DRAFT, READER, MESSAGE_ID, NOW),
    "confirm": lambda: compose_notice("confirm", wording("confirm"), SITE, READER, LINK, CONFIRM_ID, NOW),
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
