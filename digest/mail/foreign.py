"""What strangers wrote (titles, abstracts, names, filters, links), made fit to stand in a mail. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, urlsplit

# Private characters that mark slots, blocks and words while a wording is prepared (see digest.mail.pieces).
# Nobody else's text may hold them.
RESERVED = range(0xE0B0, 0xE0C0)
# The characters with the property Bidi_Control (Unicode, PropList.txt): they can turn the text around them.
BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
# They split words unseen, which is how filters are deceived. Joiners stay: scripts and emoji need them.
UNSEEN = (0xAD, 0x200B, 0x2060, 0xFEFF)
NEVER = (*BIDI, *RESERVED, *UNSEEN, *range(0xD800, 0xE000), *range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF)
_FIT = {**dict.fromkeys(NEVER), **dict.fromkeys(CONTROLS), **dict.fromkeys(map(ord, "\t\n\v\f\r\x85\u2028\u2029"), " ")}

ESCAPED_MOST = 6  # bytes of a character as it stands in HTML: &quot;
LINK_MOST = 1_000  # characters of a link that a mail still carries
# Everything that RFC 3986 allows in a URL; the rest is percent-encoded.
URL_LETTERS = "!#$%&'()*+,/:;=?@[]~-._"
HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+", re.ASCII)
URL = re.compile(r"(?<![^\W_])https?://[^\s<>\"]+", re.IGNORECASE)
RUN = re.compile(r"[0-9A-Za-z\u0080-\U0010ffff]+")  # what no ASCII sign parts
AFTER_URL = ".,;:!?)]}'*’”»…"


def fit(text: str) -> str:
    """The text without bidi controls, control characters, lone surrogates, what splits words unseen and our own marks;
    line ends as spaces.
    """
    return text.translate(_FIT)


def clean(text: str) -> str:
    """One fit line, white space folded."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join(fit(text).split())


def cut(text: str, most: int) -> str:
    """The text in at most `most` characters, cut between words where it can be, never inside a letter."""
    if len(text) <= most:
        return text
    space = text.rfind(" ", most // 2, most)
    end = space if space > 0 else most - 1
    while end > 0 and _joins(text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def _joins(letter: str) -> bool:
    """Whether the character belongs to the letter before it (a combining mark, a joiner)."""
    return unicodedata.category(letter)[0] == "M" or letter in "\u200c\u200d" or "\U0001f3fb" <= letter <= "\U0001f3ff"


def cut_to_bytes(text: str, most: int, escape: Callable[[str], str]) -> str:
    """The text cut so that its escaped form takes at most `most` bytes of UTF-8."""
    if len(text) * ESCAPED_MOST <= most:
        return text
    while text and (size := len(escape(text).encode())) > most:
        text = cut(text.removesuffix("…"), max(1, min(len(text) - 1, len(text) * most // size)))
    return text


def words(text: str) -> tuple[tuple[int, int], ...]:
    """The places of the words that can be marked: characters, end exclusive, in order.

    A run of letters and digits is a word; in scripts that are written without spaces each wide character is
    one. Combining marks stay with their letter.
    """
    found: list[tuple[int, int]] = []
    for run in RUN.finditer(text):
        found += [run.span()] if run[0].isascii() else _words(run[0], run.start())
    return tuple(found)


def _words(run: str, begin: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    open_end = -1  # where a word ends that may still grow
    for place, letter in enumerate(run, begin):
        category = unicodedata.category(letter)[0]
        touches = bool(found) and found[-1][1] == place
        if (category == "M" and touches) or (category in "LN" and place == open_end and not is_wide(letter)):
            open_end = place + 1 if place == open_end else open_end
            found[-1] = (found[-1][0], place + 1)
        elif category in "LN":
            found.append((place, place + 1))
            open_end = -1 if is_wide(letter) else place + 1
    return found


def is_wide(letter: str) -> bool:
    """Whether the character takes two columns (Unicode, EastAsianWidth.txt)."""
    return unicodedata.east_asian_width(letter) in "WF"


def web_link(url: str) -> str:
    """The URL as it may stand in a mail, or "" when it isn't a plain http or https link to a host.

    A link with a user name is none: what stands before the @ looks like the host and isn't.
    """
    url = url.strip()
    try:
        split = urlsplit(url)
        host = split.hostname or ""
    except ValueError:
        return ""
    plain = split.scheme in ("http", "https") and "@" not in split.netloc and HOST.fullmatch(host)
    return quote(url, safe=URL_LETTERS) if plain and len(url) <= LINK_MOST else ""


def apart(text: str) -> str:
    """The text with white space around every URL: mail readers take what touches one for a part of it."""
    if "://" not in text:
        return text
    return URL.sub(_apart, text)


def _apart(found: re.Match[str]) -> str:
    url = _without_end(found[0])
    before, after = found.string[: found.start()][-1:], found.string[found.start() + len(url) :][:1]
    spaced = f"{' ' if before.strip() else ''}{url}"
    return f"{spaced}{' ' if after.strip() else ''}{found[0][len(url) :]}"


def _without_end(url: str) -> str:
    """The URL without the punctuation of the sentence; a bracket that it opened itself belongs to it."""
    while url[-1] in AFTER_URL and not (url[-1] == ")" and url.count("(") >= url.count(")")):
        url = url[:-1]
    return url
