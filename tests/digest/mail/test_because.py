"""Why a paper is in a digest: the bound of its bytes."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from digest.editions import line
from digest.mail.because import WHY_BYTES, because, why_most
from digest.mail.quoted import decoded
from digest.matching.mark import Mark

SAID = st.text(alphabet="ab &<>\"'*~-é漢\u00ad", min_size=1, max_size=30)
FIELDS = ("title", "abstract", "author", "org", "journal", "tag", "cat", "primary", "id", "source", "published", "any")
CLAUSES = st.one_of(
    SAID,
    st.builds('"{}"'.format, SAID),
    st.builds("title:{}".format, SAID),
    st.builds("{}*".format, SAID),
    st.builds('"{} {}"~3'.format, SAID, SAID),
)
MARKS = st.lists(st.builds(Mark, CLAUSES, st.sampled_from(FIELDS), shown=SAID, by_stem=st.booleans()), max_size=8)


@given(MARKS)
@example([Mark(f'"a{n}"', ("title", "abstract")[n % 2], 0, 1, "b c", True) for n in range(4)])
@example([Mark("x", "primary", shown="y"), Mark('"é"', "abstract", 0, 1, "è", True)])
def test_no_reason_is_longer_than_its_bound(marks: list[Mark]) -> None:
    rest = line.written(101, 50, marks, (), "").split("|", 4)[4]
    made = len(decoded(because(rest).cells[1]))
    assert made <= why_most(marks) <= WHY_BYTES
