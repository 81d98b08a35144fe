"""Links that open a person's pages never reach a log: what names one is shortened first. Pure."""

from __future__ import annotations

import logging
import re

# also as nobody meant it: doubled slashes, capitals, a blank in front
TOKEN = re.compile(r"/(confirm|leave|l|me)/+\s*[^\s/?#\"'<>]{8,}", re.IGNORECASE)


def without_tokens(text: str) -> str:
    """The text with every token of a page's address left out."""
    return TOKEN.sub(r"/\1/…", text)


class WithoutTokens(logging.Filter):
    """For a handler: Django's own warnings ("Not Found: /leave/...") name the path that was asked for."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        shown = without_tokens(said)
        if shown != said:
            record.msg, record.args = shown, None
        return True
