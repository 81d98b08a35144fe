"""Mails as a mail program reads them."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage

from css_inline import CSSInliner

from subscribers.outbox.message import Message

SPELLER = CSSInliner(inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False)


@dataclass(frozen=True)
class Read:
    """A mail taken apart by the standard library."""

    headers: EmailMessage
    text: str
    html: str


def read(message: Message | bytes) -> Read:
    data = message if isinstance(message, bytes) else message.data
    parsed = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    defects = [defect for part in parsed.walk() for defect in part.defects]
    assert not defects
    assert [part.get_content_type() for part in parsed.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    text, html = (part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart())
    assert isinstance(text, bytes)
    assert isinstance(html, bytes)
    return Read(parsed, _lines(text), _lines(html))


def _lines(data: bytes) -> str:
    text = data.decode()
    assert text.count("\n") == text.count("\r\n")
    return text.replace("\r\n", "\n")


def spelled_alike(html: str) -> str:
    """The document as one and the same HTML parser writes it: `&quot;` and `"` are one character in a text."""
    return SPELLER.inline(html)
