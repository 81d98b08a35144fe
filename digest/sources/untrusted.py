"""The one place where what a source sent is checked: its bytes, its texts, its URLs. Pure.

Every reader of listings takes texts through `line`, addresses through `web_url` and counts through `count`,
so that nothing from outside reaches the database or a mail that a database, a header or a terminal cannot
carry.
"""

from __future__ import annotations

import codecs
import re
from datetime import date
from typing import Literal
from urllib.parse import urlsplit

from digest.sources.listing import one_line

TITLE_LIMIT = 1_000  # characters; the longest real title has 175
TEXT_LIMIT = 20_000  # characters of an abstract; the longest real one has 1,923
SUMMARY_LIMIT = 600  # characters; the longest real one has 361
NAME_LIMIT = 300  # characters of an author, an organisation, a keyword
URL_LIMIT = 2_000
COUNT_LIMIT = 1_000_000_000  # votes, comments; more is damage, and would not fit in the database's integers

# Control characters except white space, halves of surrogate pairs, bidirectional controls (they reorder the
# text around them), the byte order mark and the two characters that are none.
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
LINE_BREAK_IN_URL = re.compile(r" *[\t\r\n]+ *")
# An address without anything that has to be mended or looked at: no user name, no port, no query.
PLAIN_URL = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?:/[A-Za-z0-9._~/%+-]*)?", re.ASCII)
NOT_IN_URL = re.compile(r"[\s<>\"\\^`{|}\x00-\x1f\x7f-\x9f]")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)
UTF_16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


# Why a body can't be read: it is damaged, or no list at all; a list in a format that we don't know; a page that wants
# to see that a person asks.
Cause = Literal["damage", "format", "challenge"]
# What such pages say in their first words.
CHALLENGING = re.compile(
    r"just a moment|attention required|captcha|awswaf|challenge[-_.]|human verification|verif(?:y|ying) (?:that )?you"
    r"|are you (?:a )?(?:human|robot)|checking your browser|unusual traffic",
    re.IGNORECASE,
)


class UnreadableListing(Exception):
    """A body that is no listing: what it is instead, where it stands, how to mend it; and why, for the verdict."""

    def __init__(self, what: str, where: str, mend: str, cause: Cause = "damage") -> None:
        super().__init__(f"{where}: {what}. {mend}")
        self.what, self.where, self.mend, self.cause = what, where, mend, cause


def cause_of(beginning: str, otherwise: Cause = "damage") -> Cause:
    """Why a body that begins so is no listing: a challenge, or `otherwise`."""
    return "challenge" if CHALLENGING.search(beginning) else otherwise


def line(value: object, limit: int = NAME_LIMIT) -> str:
    """A text on one line without characters that cannot be shown, cut to `limit`; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    text = value.strip() if value.isprintable() and "  " not in value else _mended(value)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _mended(text: str) -> str:
    """The text on one line. Searching takes longer than asking whether all can be printed, so it comes last."""
    folded = one_line(text)
    return folded if folded.isprintable() else one_line(UNPRINTABLE.sub("", folded))


def lines(values: object, limit: int = NAME_LIMIT) -> tuple[str, ...]:
    """The texts of a list that are not empty; () for what is no list."""
    if not isinstance(values, list):
        return ()
    return tuple([text for value in values if (text := line(value, limit))])


def web_url(value: object) -> str:
    """An http(s) address fit to stand in a mail, else "".

    Line breaks inside it are taken out, as browsers do (listings wrap long addresses). Addresses with a user
    name are refused: `https://github.com@elsewhere.example/` misleads the eye.
    """
    if not isinstance(value, str) or not value or len(value) > 2 * URL_LIMIT:
        return ""
    if len(value) <= URL_LIMIT and PLAIN_URL.fullmatch(value):
        return value
    url = LINE_BREAK_IN_URL.sub("", value.strip())
    if len(url) > URL_LIMIT or NOT_IN_URL.search(url) or UNPRINTABLE.search(url):
        return ""
    return url if _is_web(url) else ""


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # brackets or a port that are none
        return False
    named = bool(parts.hostname) and "@" not in parts.netloc
    return parts.scheme in ("http", "https") and named and port != 0


def count(value: object) -> int | None:
    """A number of votes or comments; None for what is no such number (true and false are none)."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= COUNT_LIMIT else None


def iso_day(value: object) -> date | None:
    """The date that an ISO date or time begins with, as written (no zone is applied); else None."""
    found = ISO_DATE.match(value) if isinstance(value, str) else None
    if not found:
        return None
    try:
        return date.fromisoformat(found[0])
    except ValueError:  # 2026-02-30
        return None


def decoded(body: bytes) -> str:
    """The text of a body: UTF-8, or what its byte order mark says.

    Bytes that are not UTF-8 are read as Windows-1252, one by one: so a page that holds a few names in another
    encoding keeps all its other names, and gets those right too.
    """
    for mark, encoding in UTF_16:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, errors="replace")
    return body.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="digest.windows")


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error("digest.windows", _as_windows)
