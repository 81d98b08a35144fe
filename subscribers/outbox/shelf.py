"""Many letters at once into a folder: what `fleet` is for a mail server. Here nothing has to be waited for."""

from __future__ import annotations

from subscribers.outbox.folder import FolderSession
from subscribers.outbox.happening import Event
from subscribers.outbox.mailurl import Folder
from subscribers.outbox.sessions import Sessions
from subscribers.outbox.wire import Mail

AT_ONCE = 8  # letters held for one commit; a kill leaves as many unknown, and here more would win nothing


class Shelf(Sessions[FolderSession]):
    """A folder with room for letters that are staged. The folder is made when the first letter wants in."""

    channel = "folder"
    follows = True
    most = AT_ONCE

    def __init__(self, folder: Folder) -> None:
        super().__init__(lambda: FolderSession(folder))

    def room(self, wanted: int) -> int:
        """How many letters can be staged at once."""
        self._open(min(self.most - len(self._held), wanted))
        return len(self._idle)

    def poll(self, seconds: float) -> list[Event]:  # noqa: ARG002
        """What has happened since the last time."""
        return self._taken()

    def dot(self, key: int, following: tuple[int, Mail] | None = None) -> None:
        """Put a letter in its place, and stage the next."""
        session = self._held.pop(key)
        self._events.append((key, session.dot()))
        self._idle.append(session)
        if following is not None:
            self.stage(*following)
