"""The local inbox: the mails in a folder, as they would be read. No Django here; it only reads."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

ENDING = ".eml"
SHOWN = 200  # the newest mails that the list names


@dataclass(frozen=True)
class Mail:
    """One mail: what a mail program shows, and what it came as. `html` and `text` are "" when the mail has none."""

    name: str
    subject: str
    sender: str
    to: str
    date: datetime | None
    text: str
    html: str
    headers: list[tuple[str, str]]
    source: str


def newest(folder: Path) -> list[Mail]:
    """The newest mails, newest first. A file that vanishes meanwhile is left out."""
    return [mail for path in _paths(folder)[:SHOWN] if (mail := _read(path)) is not None]


def count(folder: Path) -> int:
    """How many mails there are."""
    return len(_paths(folder))


def mail(folder: Path, name: str) -> Mail | None:
    """The mail whose file has this name. Only names that the folder lists: no path leads out of it."""
    return next((_read(path) for path in _paths(folder) if path.name == name), None)


def _paths(folder: Path) -> list[Path]:
    return [path for _, path in sorted(_dated(folder), reverse=True)]


def _dated(folder: Path) -> Iterator[tuple[int, Path]]:
    """The mails and when they arrived. A hidden file is one that is still being written."""
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                if path.suffix == ENDING and not path.name.startswith(".") and path.is_file() and not path.is_symlink():
                    yield path.stat().st_mtime_ns, path


def _read(path: Path) -> Mail | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    message = email.message_from_bytes(data, policy=email.policy.default)
    return Mail(
        name=path.name,
        subject=_header(message, "Subject"),
        sender=_header(message, "From"),
        to=_header(message, "To"),
        date=_date(message),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        headers=[(name, str(value)) for name, value in message.raw_items()],
        source=data.decode("utf-8", "replace"),
    )


def _header(message: EmailMessage, name: str) -> str:
    value = message.get(name)
    return "" if value is None else str(value)


def _date(message: EmailMessage) -> datetime | None:
    with suppress(ValueError, TypeError):
        return parsedate_to_datetime(_header(message, "Date"))
    return None


def _part(message: EmailMessage, kind: str) -> str:
    """The first part of this kind, decoded; a charset that nobody knows doesn't hide the rest."""
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, KeyError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
