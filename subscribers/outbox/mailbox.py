"""The edge to the mailbox that returned mail comes to: IMAP (RFC 3501), by Python's own imaplib.

Five commands are all it takes, and one of them, fetching no more than the beginning of a mail, is one that the
libraries on top of imaplib don't have. A mail is touched only after what it reports has been committed: dying in
between means reading it again, and that counts once.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from subscribers.outbox.mailboxurl import Mailbox

TIMEOUT = 30.0  # seconds a reply
LITERAL_MOST = 4_000_000  # bytes; a server that ignores how much is asked for sends the whole mail
BROKEN = (OSError, imaplib.IMAP4.abort, ValueError)  # nothing more can be asked on this line
TROUBLE = (*BROKEN, imaplib.IMAP4.error)  # imaplib meets odd answers with ValueError, too
TEXT = re.compile(rb'BODY\[\]\S* "((?:[^"\\]|\\.)*)"', re.IGNORECASE)  # RFC 3501: a string is quoted, or a literal


class Unreachable(Exception):
    """The mailbox can't be read: what was tried, and what the server or the system said."""


class Refused(Unreachable):
    """The server answers, and says no to this one thing."""


class Folder:
    """An open folder. Mails are named by their UIDs, which don't move when others go."""

    def __init__(self, imap: imaplib.IMAP4) -> None:
        self._imap = imap
        self._gone = self._broken = False

    def unseen(self, most: int) -> list[str]:
        """The UIDs of the first mails that nobody has looked at."""
        said = [part for part in self._ask("SEARCH", "UNSEEN") if part is not None]
        found = b" ".join(part if isinstance(part, bytes) else b"?" for part in said).split()
        if not all(uid.isdigit() for uid in found):
            raise Unreachable("the server answers SEARCH with what is no list of mails")
        return [uid.decode("ascii") for uid in found][:most]

    def beginning(self, uid: str, octets: int) -> bytes:
        """So much of a mail; b"" when it has gone. It stays unseen. Refused when the server doesn't hand it over."""
        for part in self._ask("FETCH", uid, f"(BODY.PEEK[]<0.{octets}>)"):
            if isinstance(part, tuple):
                return bytes(part[1])
            if isinstance(part, bytes) and (quoted := TEXT.search(part)):
                return re.sub(rb"\\(.)", rb"\1", quoted[1])
        return b""

    def remove(self, uid: str) -> None:
        """It is understood and recorded: away with it."""
        self._ask("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        self._gone = True

    def keep(self, uid: str) -> None:
        """For a person to look at, and never read again here."""
        self._ask("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")

    def close(self) -> None:
        """Expunge what was removed, and part. On a line that is broken there is nobody to part from."""
        try:
            if self._broken:
                return
            if self._gone:
                self._imap.expunge()
            self._imap.logout()
        except TROUBLE as trouble:
            raise Unreachable(_said(trouble)) from None
        finally:
            with suppress(*TROUBLE):
                self._imap.shutdown()

    def _ask(self, command: str, *arguments: str) -> list[Any]:
        try:
            state, data = self._imap.uid(command, *arguments)
        except BROKEN as trouble:
            self._broken = True
            raise Unreachable(_said(trouble)) from None
        except imaplib.IMAP4.error as no:
            raise Refused(_said(no)) from None
        if state != "OK":
            raise Refused(f"the server answers {command} with {state}: {_text(data)}")
        return list(data)


class _Bounded(imaplib.IMAP4):
    """A client that makes no room for whatever size a server says."""

    def read(self, size: int) -> bytes:
        if size > LITERAL_MOST:
            raise self.abort(f"the server wants to send {size:,} bytes at once")
        return super().read(size)


class _BoundedTls(_Bounded, imaplib.IMAP4_SSL):
    """The same, with TLS from the start."""


@contextmanager
def opened(place: Mailbox) -> Iterator[Folder]:
    """The folder, open. Unreachable, which never shows the password, when it can't be, or when the line breaks."""
    folder = Folder(_selected(place))
    try:
        yield folder
    except BaseException:
        with suppress(Unreachable):  # what went wrong first is what is told
            folder.close()
        raise
    folder.close()


def _selected(place: Mailbox) -> imaplib.IMAP4:
    try:
        imap = _connected(place)
    except TROUBLE as trouble:
        raise Unreachable(f"{place.host}:{place.port} can't be reached: {_said(trouble)}") from None
    try:
        imap.login(_quoted(place.user), place.password)
        state, _ = imap.select(_quoted(place.folder))
        if state == "OK":
            return imap
        wrong = f"there is no folder {place.folder!r} at {place.host}"
    except TROUBLE as trouble:
        wrong = f"{place.host}:{place.port}: {_said(trouble)}".replace(place.password, "...")
    with suppress(*TROUBLE):
        imap.shutdown()
    raise Unreachable(wrong)


def _connected(place: Mailbox) -> imaplib.IMAP4:
    if place.scheme == "imaps":
        return _BoundedTls(place.host, place.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
    return _Bounded(place.host, place.port, timeout=TIMEOUT)


def _quoted(text: str) -> str:
    """A quoted string of RFC 3501. imaplib quotes passwords by itself, and nothing else."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(data: list[Any]) -> str:
    """What a server says beside its no, in one line."""
    said = b" ".join(part for part in data if isinstance(part, bytes))
    return " ".join(said.decode("ascii", "replace").split())[:200]


def _said(trouble: Exception) -> str:
    return " ".join(str(trouble).split())[:200] or type(trouble).__name__
