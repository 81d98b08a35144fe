"""What all digests of one date share: head, section, foot and subject, rendered once. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from digest.mail import days, values
from digest.mail.cells import Pair, whole_pair
from digest.mail.form import Values, cut
from digest.mail.headers import encoded_subject, subject_line
from digest.mail.parts import Wording
from digest.mail.sheet import Sheet
from digest.mail.slots import HTML, TEXT

SUBJECTS_KEPT = 16_384


class Subject(NamedTuple):
    """A subject: plain, as it stands in the header, and as a cell for each format."""

    text: str
    folded: str
    cells: Pair


class Sheets(NamedTuple):
    """The parts of one format."""

    head: Sheet
    section: Sheet
    foot: Sheet


class Edition:
    """The parts of a wording that see nothing but the date, for both formats. Raises WordingError when one can't be
    rendered."""

    def __init__(self, wording: Wording, site: dict[str, str], date: str) -> None:
        self._wording = wording
        self._context: dict[str, Any] = {
            "site": site,
            "edition": {"date": date, "day": days.weekday(date), "year": date[:4]},
        }
        self.text, self.html = self._sheets(TEXT), self._sheets(HTML)
        self._subject = cut(wording.render("subject", TEXT, self._context), encode=str.encode)
        self._subjects: dict[tuple[str, bool, int, str], Subject] = {}

    def subject(self, told: str, first: bool, papers: int, about: str) -> Subject:
        """The subject of a digest of so many papers; `told` is the day as it says it."""
        key = told, first, papers, about
        return self._subjects.get(key) or self._new_subject(*key)

    def _new_subject(self, told: str, first: bool, papers: int, about: str) -> Subject:
        found: Values = {
            "count": str(papers).encode(),
            "date": told.encode(),
            "about": about.encode(),
            "found": papers > 0,
            "nothing": papers == 0,
            "is_first": first,
        }
        text = subject_line(self._subject.filled(found).decode())
        if len(self._subjects) >= SUBJECTS_KEPT:
            self._subjects.clear()
        made = self._subjects[told, first, papers, about] = Subject(text, encoded_subject(text), whole_pair(text))
        return made

    def _sheets(self, format: str) -> Sheets:
        head, foot = self._wording.frame(format, self._context)
        section = self._wording.fragment("section", format, self._context)
        return Sheets(
            Sheet(cut(head), format, values.FRAME, values.FRAME_ROWS),
            Sheet(cut(section), format, values.SECTION, spread="cards"),
            Sheet(cut(foot), format, values.FRAME, values.FRAME_ROWS),
        )
