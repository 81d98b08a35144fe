"""The sizes by which a mail is kept below what mail readers show."""

from __future__ import annotations

from digest.editions.carrying import Part
from digest.editions.draft import SHORT, Hit
from digest.pipeline.sizing import sizes
from tests.digest.mail.invented import composer


def test_a_section_takes_as_much_with_its_papers_in_the_mail_or_on_the_web_and_nothing_without() -> None:
    of = sizes(composer())[SHORT].part
    shown, behind = of(Part(1, "Moss", "moss", [Hit(101)])), of(Part(1, "Moss", "moss", [], [101, 102]))
    assert shown == behind > 1_000
    assert of(Part(1, "Moss", "moss")) == 0
