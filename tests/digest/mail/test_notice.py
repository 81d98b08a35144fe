"""Mails to one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from digest.mail.compose import compose_notice
from digest.mail.parts import WordingError
from digest.mail.wrap import columns
from tests.digest.mail.invented import NOW, READER, SITE, wording
from tests.digest.mail.reading import Read, read

LINK = "https://papers.example.org/confirm/ABEiM0RVZneImaq7zN3u_0nXc7Lw1Fv9aHd2eKp6Rz8TABEiM0RV"
MESSAGE_ID = "<confirm.00112233445566778899aabbccddeeff.20261125T063112@papers.example.org>"


def confirmation(link: str = LINK, **reader: str) -> Read:
    to = replace(READER, **reader)
    return read(compose_notice("confirm", wording("confirm"), SITE, to, {"link": link}, MESSAGE_ID, NOW))


def test_a_confirmation_has_one_link_that_stands_apart() -> None:
    mail = confirmation()
    assert f"\n\n{LINK}\n\n" in mail.text
    assert [a["href"] for a in BeautifulSoup(mail.html, "lxml").find_all("a")] == [LINK]
    assert mail.text.count("https://") == 1


def test_it_says_what_it_is_and_to_whom_it_goes() -> None:
    mail = confirmation()
    assert mail.headers["Subject"] == "Confirm your address for Daily Papers Digest, 25 Nov 2026, 06:31 UTC"
    for text in (" ".join(mail.text.split()), BeautifulSoup(mail.html, "lxml").get_text(" ", strip=True)):
        assert "reader@example.org" in text
        assert "If it was not you, do nothing." in text
        assert "Example Reading Room, 1 Sample Street, 00000 Exampleton" in text
    assert all(columns(line) <= 72 or "https://" in line for line in mail.text.split("\n"))


def test_it_can_be_left_when_there_is_a_token_for_it() -> None:
    assert confirmation().headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in confirmation(leave_token="").headers


def test_two_of_them_have_different_subjects() -> None:
    later = compose_notice(
        "confirm", wording("confirm"), SITE, READER, {"link": LINK}, MESSAGE_ID, NOW + timedelta(days=1)
    )
    assert read(later).headers["Subject"] != confirmation().headers["Subject"]


def test_a_link_with_markup_in_it_stays_a_link() -> None:
    assert [
        a["href"] for a in BeautifulSoup(confirmation('https://x.example/?a="b"&c=<d>').html, "lxml").find_all("a")
    ] == ['https://x.example/?a="b"&c=<d>']


def test_a_slot_that_was_not_given_is_named() -> None:
    with pytest.raises(WordingError, match=r"confirm/head\.txt: there is no slot 'link'"):
        compose_notice("confirm", wording("confirm"), SITE, READER, {}, MESSAGE_ID, NOW)


def test_a_wording_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="its own kind, not of digest"):
        compose_notice("confirm", wording(), SITE, READER, {"link": LINK}, MESSAGE_ID, NOW)
