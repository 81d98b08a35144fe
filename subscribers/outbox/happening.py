"""What is heard of a letter between staging it and the end of it. Pure."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from subscribers.outbox.policy import Outcome

HELD: Final = "held"  # everything but the dot is with the server
BACK: Final = "back"  # never had its turn: it can be staged again
Happened: TypeAlias = Outcome | Literal["held", "back"]
Event: TypeAlias = tuple[int, Happened]  # the letter's key, and what
