"""How large mails are in one wording, so that none grows beyond what mail readers show."""

from __future__ import annotations

from functools import cache, partial

from digest.editions.carrying import Part
from digest.editions.draft import LENGTHS
from digest.editions.fitting import Frame, Sizes
from digest.editions.written import kept
from digest.mail.compose import Composer


def sizes(composer: Composer) -> dict[str, Sizes]:
    """Of cards, by the length of the digest."""
    return {
        length: Sizes(
            cache(partial(composer.card_bytes, length=length)),
            kept(partial(composer.most_bytes, length=length)),
            kept(partial(composer.hit_bytes, length=length)),
            partial(_part, composer, length),
        )
        for length in LENGTHS
    }


def _part(composer: Composer, length: str, part: Part) -> int:
    named = [*(hit.change for hit in part.hits), *part.more]
    return composer.part_bytes(part.name, part.query, named[0], length) if named else 0  # nothing stands there


def frame(composer: Composer) -> Frame:
    """Of what stands around them."""
    return Frame(composer.frame_bytes(), composer.section_bytes())
