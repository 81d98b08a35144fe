"""A folder in the place of a mail server: one `.eml` a letter, written with the same steps."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from subscribers.outbox.mailurl import Folder
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome, Refusal, classify
from subscribers.outbox.wire import envelope, said, stuffed

NAME_MOST = 200  # bytes: file systems take 255, and the temporary name is longer


class FolderSession:
    """Letters into a folder. Its dot is a rename: the file is there whole, or not at all.

    A letter staged twice ends in one file, since the name is the Message-ID's. A crash between stage and dot
    leaves a hidden `.staged` file that is no letter and may be deleted.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder: Final = folder.path
        self._open = False
        self._staged: tuple[Path, Path] | None = None  # where it is, where the dot puts it

    @property
    def alive(self) -> bool:
        """Whether letters can be staged: from open to close."""
        return self._open

    def open(self) -> None:
        """Make the folder; Refusal (`channel`) when it can't be made."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refusal(classify("CONNECT", None, said(error))) from error
        self._open = True

    def stage(self, message: Message) -> None:
        """Write the message beside its place. Refusal as over SMTP; a full disk is `channel`."""
        if not self._open or self._staged:
            raise RuntimeError("staging needs an open session without another staged letter")
        envelope(message)
        stuffed(message)  # a folder takes what a server would take, and needs no stuffing itself
        try:
            self._staged = _write(self._folder, message.data), self._folder / file_name(message.message_id)
        except OSError as error:
            raise Refusal(Outcome("channel", "BODY", None, said(error))) from error

    def dot(self) -> Outcome:
        """Put the letter in its place, for good: unknown only when the disk doesn't say that it is."""
        if self._staged is None:
            raise RuntimeError("there is no staged letter to end with a dot")
        (written, place), self._staged = self._staged, None
        try:
            written.replace(place)
        except OSError as error:
            with suppress(OSError):
                written.unlink()
            return Outcome("deferred", "DOT", None, said(error))  # the name wasn't given: nothing arrived
        try:
            _sync_folder(self._folder)
        except OSError as error:
            return classify("DOT", None, said(error))
        return classify("DOT", 250, f"written to {place.name}")

    def abandon(self) -> None:
        """Remove what was staged."""
        if self._staged is not None:
            (written, _), self._staged = self._staged, None
            with suppress(OSError):
                written.unlink()

    def close(self) -> None:
        """Nothing to say goodbye to; a staged letter is abandoned."""
        self.abandon()
        self._open = False


def file_name(message_id: str) -> str:
    """The one file name of a Message-ID: its signs, others than letters, digits and `_.-~@+` as %XX."""
    name = quote(message_id.strip().strip("<>"), safe="@+")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) > NAME_MOST:
        name = f"{name[: NAME_MOST - 65]}~{sha256(name.encode()).hexdigest()}"
    return f"{name}.eml"


def _write(folder: Path, data: bytes) -> Path:
    """A new file in the folder, on the disk, and its owner's alone: a mail holds its reader's links."""
    handle, name = tempfile.mkstemp(prefix=".", suffix=".staged", dir=folder)
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            written.unlink()
        raise
    return written


def _sync_folder(folder: Path) -> None:
    # A rename is on the disk once its folder is.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
