"""Who wrote a paper, from one line of names."""

from __future__ import annotations

import pytest

from digest.sources.people import sort_people, split_people


@pytest.mark.parametrize(
    ("text", "authors", "organisations"),
    [
        ("Ann Bee", ["Ann Bee"], []),
        ("Ann Bee, Carl Dee", ["Ann Bee", "Carl Dee"], []),
        ("Ann Bee (Inst. X, City), Carl Dee (Inst. Y)", ["Ann Bee", "Carl Dee"], ["Inst. X, City", "Inst. Y"]),
        ("Ann Bee (1), Carl Dee (1 and 2) ((1) Inst. X, (2) Y)", ["Ann Bee", "Carl Dee"], ["(1) Inst. X, (2) Y"]),
        ("The Beacon Collaboration: A. Bee, J. Dee, et al.", ["A. Bee", "J. Dee"], ["The Beacon Collaboration"]),
        ("A. Bee, J. Dee, for the Beacon Collaboration", ["A. Bee", "J. Dee"], ["Beacon Collaboration"]),
        ("A. Bee (on behalf of the Beacon Collaboration)", ["A. Bee"], ["Beacon Collaboration"]),
        ("A. Bee on behalf of the Beacon Collaboration", ["A. Bee"], ["Beacon Collaboration"]),
        ("A. Bee and J. Dee, on behalf of the Reed team", ["A. Bee", "J. Dee"], ["Reed team"]),
        ("Bee, A., Dee, C. on behalf of the Beacon Collaboration", ["A. Bee", "C. Dee"], ["Beacon Collaboration"]),
        ("A. Bee on behalf of the Beacon Collaboration and J. Dee", ["A. Bee", "J. Dee"], ["Beacon Collaboration"]),
        ("On behalf of the Beacon Collaboration: A. Bee, J. Dee", ["A. Bee", "J. Dee"], ["Beacon Collaboration"]),
        ("A. Bee et al", ["A. Bee"], []),
        ("A. Bee, et.al.", ["A. Bee"], []),
        ("A. Bee etal.", ["A. Bee"], []),
        ("M. Etal, A. Bee", ["M. Etal", "A. Bee"], []),
        ("A. Bee and J. Dee", ["A. Bee", "J. Dee"], []),
        ("A. Bee, J. Dee, and Z. Fey", ["A. Bee", "J. Dee", "Z. Fey"], []),
        ("Bee, A., Dee, C. J.", ["A. Bee", "C. J. Dee"], []),
        ("Bee, Ann; Dee, Carl", ["Ann Bee", "Carl Dee"], []),
        ("Bee, Ann", ["Ann Bee"], []),
        ("Carl Dee, Jr., Ann Bee, Zed Fey III", ["Carl Dee Jr.", "Ann Bee", "Zed Fey III"], []),
        ('John "Four" Moss, Zoë O\'Neil', ['John "Four" Moss', "Zoë O'Neil"], []),
        ("Ann Bee (Inst. X, Carl Dee", ["Ann Bee Inst. X", "Carl Dee"], []),
        ("Ann Bee), Carl Dee", ["Ann Bee", "Carl Dee"], []),
        ("help@lists.example", [], []),
        ("Ann Bee, Ann Bee,, ", ["Ann Bee"], []),
        ("", [], []),
        ("et al.", [], []),
    ],
)
def test_a_line_of_names_is_taken_apart(text: str, authors: list[str], organisations: list[str]) -> None:
    assert split_people(text) == (tuple(authors), tuple(organisations))


def test_a_name_alone_may_speak_for_somebody_too() -> None:
    people = sort_people(["A. Bee on behalf of the KM3NeT Collaboration", "M. Etal"])
    assert people == (("A. Bee", "M. Etal"), ("KM3NeT Collaboration",))
