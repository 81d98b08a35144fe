"""Links to the reader's own pages, as cells. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from digest.mail import days
from digest.mail.cells import Pair, html, pair, whole_pair
from digest.mail.headers import TOKEN
from digest.mail.quoted import LINE_MOST, SOFT, encoded
from digest.mail.sheet import Cells, both

LINKS = both("web", "me", "leave")
ME = slice(2, 4)  # of LINKS
PAGES = both("edit", "less")
MISSING_MOST = 4  # earlier digests named
SIZES_KEPT = 16  # lengths of tokens for which the beginnings of links are kept


class Links:
    """The reader's own pages on a site."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._beginnings: dict[tuple[int, int], Cells] = {}

    def cells(self, token: str, leave_token: str) -> Cells:
        """Their cells, LINKS. ValueError when a token can't stand in a link."""
        read, leave = _token(token), _token(leave_token)
        sizes = len(token), len(leave_token)
        web, web_html, me, me_html, leaving, leaving_html = self._beginnings.get(sizes) or self._new_beginnings(*sizes)
        return (web + read, web_html + read, me + read, me_html + read, leaving + leave, leaving_html + leave)

    def page(self, token: str, key: str) -> Pair:
        """The page of an earlier digest."""
        _token(key)
        return whole_pair(f"{self._url}/l/{token}/{key}")

    def _new_beginnings(self, read: int, leave: int) -> Cells:
        """What stands before tokens of these lengths; it ends its line where both would not fit in one."""
        paths = ((f"{self._url}/l/", read), (f"{self._url}/me/", read), (f"{self._url}/leave/", leave))
        made = tuple(_beginning(text, size) for path, size in paths for text in (path, html(path)))
        self._beginnings = {**self._beginnings, (read, leave): made} if len(self._beginnings) < SIZES_KEPT else {}
        return made


def _beginning(text: str, more: int) -> bytes:
    closed = encoded(text)
    return closed.removesuffix(SOFT) if len(closed) + more < LINE_MOST + len(SOFT) else closed


def topic_pages(links: Cells, number: int) -> Cells:
    """PAGES: what changes a topic of the reader's, and brings less of it, behind links as `Links.cells` gives them."""
    tail = b"/topic/%d" % number
    text, html = links[ME]
    return text + tail + SOFT, html + tail + SOFT, text + tail + b"/less" + SOFT, html + tail + b"/less" + SOFT


def missing(earlier: Sequence[Sequence[str]], links: Links, token: str) -> list[Cells]:
    """Rows for the earlier digests of which nobody knows whether they arrived, the newest first, at most 4."""
    newest = sorted(earlier, key=lambda missing: missing[1], reverse=True)[:MISSING_MOST]
    return [(*pair(days.without_year(date)), *links.page(token, key)) for date, key in newest]


def _token(token: str) -> bytes:
    if TOKEN.fullmatch(token) is None:
        raise ValueError(f"no token for a link: {token!r}")
    return token.encode() + SOFT
