"""What has come into force while somebody was writing: no save undoes another one unseen."""

from __future__ import annotations

from digest.mail.part import Part
from digest.pipeline import rewording, wordings


def began(part: Part, version: int | None) -> str:
    """The digest of the text that a form goes back to: for a draft's what was in force when it was written, else what
    is in force now."""
    draft = rewording.here(part).filter(pk=version, activated_at=None).first() if version is not None else None
    if draft is not None:
        before = rewording.here(part).filter(activated_at__lte=draft.created_at).order_by("-activated_at", "-pk")
        digest = before.values_list("digest", flat=True).first()
        if digest is not None:
            return digest
    return wordings.digest_of(_standing(part))


def newer_than(known: str, part: Part, author: str) -> str | None:
    """The text in force, when it is not the one with this digest, nor what is to be kept.

    A form that doesn't say what it began from began before any text of somebody else's.
    """
    standing = _standing(part)
    digest = wordings.digest_of(standing)
    if digest in (known, wordings.digest_of(part.body)):
        return None
    theirs = rewording.here(part).filter(active=True, shipped=False, digest=digest).exclude(author=author)
    return standing if known or theirs.exists() else None


def _standing(part: Part) -> str:
    """The text in force of a part."""
    return next(one.body for one in wordings.parts_in_force(part.kind) if one.place == part.place)
