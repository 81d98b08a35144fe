"""The operator's word on a letter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from digest.management.door import Door
from digest.pipeline import books
from subscribers.outbox.message import read_message_id
from subscribers.outbox.word import WORDS, NotPossible, say


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("message_id", help="<digest.KEY.SLOT@host>, as `ledger --letters` shows it")
        parser.add_argument("word", choices=list(WORDS))

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        name = options["message_id"]
        named = read_message_id(name if name.startswith("<") else f"<{name}>")
        if named is None:
            raise CommandError(f"{name!r} is no Message-ID of ours; `ledger --letters` lists them")
        try:
            letter = say(*named, options["word"], now)
        except NotPossible as wrong:
            raise CommandError(str(wrong)) from None
        books.reopen([letter.pk])
        return {"message_id": letter.message_id, "state": letter.state, "reason": letter.reason}
