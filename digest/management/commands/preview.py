"""The digest a reader would get if a slot were now. Changes nothing."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from digest.management.door import Door
from digest.pipeline.previewing import NoPreview, preview
from subscribers import membership
from subscribers.address import check_address
from subscribers.outbox.message import Message


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--out", metavar="DIR", help="write the mail there as .eml, .html and .txt")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        person = membership.find(_compared(options["email"]))
        if person is None:
            raise CommandError(f"there is no reader {options['email']}")
        try:
            shown = preview(person, now, settings.SITE_HOST)
        except NoPreview as why:
            raise CommandError(str(why)) from None
        note = {"note": shown.note} if shown.note else {}
        if shown.message is None:
            return {"subject": None, "papers": [], "bytes": 0, "reason": shown.reason, **note}
        parsed = email.message_from_bytes(shown.message.data, policy=email.policy.default)
        result = {"subject": str(parsed["Subject"]), "papers": list(shown.papers), "bytes": len(shown.message.data)}
        if options["out"]:
            result["files"] = write_mail(Path(options["out"]), "preview", shown.message)
        return {**result, **note}


def _compared(text: str) -> str:
    try:
        return check_address(text)[1]
    except ValueError as wrong:
        raise CommandError(str(wrong)) from None


def write_mail(folder: Path, name: str, message: Message) -> list[str]:
    """Write a mail as NAME.eml, and its HTML and text part beside it; the paths."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"--out {folder}: {error.strerror}") from None
    parsed = email.message_from_bytes(message.data, policy=email.policy.default)
    files = {".eml": message.data}
    for suffix, subtype in ((".html", "html"), (".txt", "plain")):
        part = parsed.get_body((subtype,))
        if part is not None:
            files[suffix] = part.get_content().encode()
    for suffix, data in files.items():
        (folder / f"{name}{suffix}").write_bytes(data)
    return [str(folder / f"{name}{suffix}") for suffix in files]
