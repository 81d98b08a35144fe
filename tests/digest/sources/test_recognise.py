"""Which stored paper each entry of a look is: what counts against what, and that two entries are two papers."""

from datetime import date
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from digest.sources.listing import Entry, Facts
from digest.sources.recognise import Known, Seen, names, recognised

DAY = date(2026, 11, 25)
G1, G2, G3 = "guid:j:g1", "guid:j:g2", "guid:j:g3"
L1, L2 = "guid:j:j.example/1", "guid:j:j.example/2"
LINKS = {L1: "http://j.example/1", L2: "https://j.example/2/", "": ""}
DOI, ARXIV = "doi:10.5555/moss", "arxiv:2611.00001"


def entry(*keys: str, title: str = "Moss", link: str = "") -> Entry:
    """An entry as a feed gives it: where it has another key, its link is an alias."""
    return Entry(keys or (link,), title, link=LINKS[link], aliases=(link,) if link and keys else ())


def paper(number: int, title: str = "Moss", link: str = "", arxiv: str = "") -> Known:
    return Known(number, Facts(key=f"j:{number}", title=title, link=LINKS[link], sources=("j",), arxiv=arxiv), DAY)


def numbers(known: dict[str, Known], *entries: Entry) -> list[list[int]]:
    return [[one.paper for one in papers] for papers, _ in recognised(known, entries, "j")]


FERN = paper(1, "Fern", L1)
KNOWN = {G1: FERN, L1: FERN}


def test_a_link_alone_yields_to_the_name_and_the_title_of_another_entry() -> None:
    moss, fern = entry(link=L1), entry(G1, title="Fern")
    assert numbers(KNOWN, moss, fern) == [[], [1]]
    assert numbers(KNOWN, fern, moss) == [[1], []]
    assert numbers(KNOWN, moss) == [[1]]


def test_an_entry_that_has_lost_its_only_name_is_known_by_it_together_with_its_title() -> None:
    moss, fern = entry(link=L1), entry(G1, title="Fern")
    (_, named), _ = recognised(KNOWN, [moss, fern], "j")
    assert named.keys == ("guid:j:j.example/1 Moss",)
    assert set(names(moss)) == {L1, *named.keys}
    assert numbers({**KNOWN, named.keys[0]: paper(2, "Moss")}, moss, fern) == [[2], [1]]


def test_an_id_outweighs_a_name_whatever_the_titles() -> None:
    known = {DOI: FERN, G1: FERN}
    assert numbers(known, entry(G1, title="Fern"), entry(DOI, title="Reed")) == [[], [1]]


def test_a_name_outweighs_link_and_title() -> None:
    known = {G1: paper(1, "Moss", L1), L1: paper(1, "Moss", L1)}
    assert numbers(known, entry(G2, link=L1), entry(G1, title="Reed")) == [[], [1]]
    assert numbers(known, entry(G2, link=L1)) == [[1]]


def test_of_two_names_of_one_paper_that_with_its_title_has_it_else_the_first() -> None:
    known = {G1: FERN, G2: FERN}
    assert numbers(known, entry(G1, title="Reed"), entry(G2, title="Fern")) == [[], [1]]
    assert numbers(known, entry(G1, title="Reed"), entry(G2, title="Moss")) == [[1], []]


def test_where_a_name_is_another_papers_the_link_counts_as_a_name() -> None:
    fern, moss = paper(1, "Fern", L1), paper(2, "Moss", L2)
    known = {G1: fern, G2: moss, L2: moss, G3: fern}
    renamed = entry(G1, title="Moss", link=L2)
    (papers, named), *_ = recognised(known, [renamed, entry(G2, title="Reed"), entry(G3, title="Fern")], "j")
    assert (papers, named.keys) == ([moss], (L2,))
    assert numbers(known, renamed, entry(G2, title="Reed"), entry(G3, title="Fern")) == [[2], [], [1]]


def test_a_paper_of_another_arxiv_id_is_not_claimed() -> None:
    known = {DOI: paper(1, "Moss", arxiv="2611.00002"), G1: paper(1, "Moss", arxiv="2611.00002")}
    assert numbers(known, entry(ARXIV, DOI), entry(G1)) == [[], [1]]


def test_a_name_that_another_source_gave_holds_like_an_id() -> None:
    known = {"guid:k:moss": paper(1, "Moss")}
    assert numbers(known, entry(DOI, G1, "guid:k:moss", title="Fern")) == [[1]]


def listed(number: int, title: str, source: str = "j", arxiv: str = "") -> Known:
    return Known(number, paper(number, title, L1, arxiv).facts, DAY, (Seen(source, DAY),))


def test_a_doi_of_a_paper_with_another_guid_link_and_title_of_the_same_source_is_a_volumes() -> None:
    moss = listed(1, "Moss")
    known = {DOI: moss, G1: moss, L1: moss}
    other = entry(DOI, G2, title="Fern", link=L2)
    ((papers, believed),) = recognised(known, [other], "j")
    assert (papers, believed.keys, believed.aliases) == ([], (G2,), (L2,))
    ((papers, believed),) = recognised(known, [entry(DOI, title="Fern", link=L2)], "j")
    assert (papers, believed.keys, believed.aliases) == ([], (L2,), ())
    assert set(names(other)) == {DOI, G2, L2, "guid:j:g2 Fern"}
    fern = listed(2, "Fern")
    assert numbers({**known, G2: fern, L2: fern}, other) == [[2]]


def test_one_thing_that_a_doi_has_in_common_is_enough_and_so_is_another_source() -> None:
    moss = listed(1, "Moss")
    known = {DOI: moss, G1: moss, L1: moss}
    for same in (entry(DOI, G1, title="Fern", link=L2), entry(DOI, G2, title="Fern", link=L1)):
        assert numbers(known, same) == [[1]]
    assert numbers(known, entry(DOI, G2, title="Moss", link=L2)) == [[1]]
    assert numbers({DOI: listed(1, "Moss", source="hf")}, entry(DOI, G2, title="Fern", link=L2)) == [[1]]


def test_a_preprint_of_another_title_and_link_is_the_one_with_its_arxiv_id() -> None:
    moss = listed(1, "Moss", arxiv="2611.00001")
    known = {ARXIV: moss, DOI: moss}
    ((papers, believed),) = recognised(known, [entry(ARXIV, DOI, G2, title="Fern", link=L2)], "j")
    assert ([one.paper for one in papers], believed.keys) == ([1], (ARXIV, DOI, G2))


KEYS = [G1, G2, G3, L1, L2]
ENTRIES = st.lists(
    st.tuples(st.sampled_from(["", G1, G2, G3]), st.sampled_from(["", L1, L2]), st.sampled_from(["Moss", "Fern"])),
    max_size=5,
    unique_by=(lambda one: one[0] or one[1], lambda one: one[1] or one[0]),
).map(
    lambda found: [entry(*filter(None, [name]), title=title, link=link) for name, link, title in found if name or link]
)
PAPERS = st.lists(
    st.tuples(st.sampled_from(["Moss", "Fern", "Reed"]), st.sampled_from(["", L1, L2])), min_size=3, max_size=3
)


@given(ENTRIES, PAPERS, st.dictionaries(st.sampled_from(KEYS), st.integers(0, 2)))
def test_two_entries_that_no_id_joins_are_two_papers(
    entries: list[Entry], papers: list[tuple[str, str]], stored: dict[str, int]
) -> None:
    by_number = [paper(number, *one) for number, one in enumerate(papers)]
    found = recognised({key: by_number[number] for key, number in stored.items()}, entries, "j")
    for (some, one), (others, other) in combinations(found, 2):
        assert {known.paper for known in some}.isdisjoint(known.paper for known in others)
        assert set(one.keys).isdisjoint(other.keys)
