"""Any feed as a source: dialects, keys, dates, and what must never be believed."""

from __future__ import annotations

import json
from datetime import date
from html import escape

import pytest

from digest.sources.listing import Entry, Listing
from digest.sources.reader import read
from digest.sources.untrusted import UnreadableListing
from tests.digest.sources.announced import channel, item, rss, rss_entry

DAY = date(2026, 11, 25)
TODAY = "Wed, 25 Nov 2026 06:00:00 GMT"
J = "http://j.example/"


def parsed(body: bytes) -> Listing:
    return read([body], DAY, "j", "feed")


def only(body: bytes) -> Entry:
    (entry,) = parsed(body).entries
    return entry


def keys(body: bytes) -> list[tuple[str, ...]]:
    return [entry.keys for entry in parsed(body).entries]


# Dialects

OLD_RSS = b'<rss version="0.92"><channel><title>j</title><item><title>Moss</title><link>http://j.example/1</link></item></channel></rss>'
NETSCAPE = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/">
<channel><title>j</title></channel><item><title>Moss</title><link>http://j.example/1</link></item></rdf:RDF>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>j</title><author><name>Ed</name></author><entry>
<id>tag:j.example,2026:1</id><title type="html">Moss &lt;i&gt;grows&lt;/i&gt;</title><link href="http://j.example/1"/>
<published>2026-11-25T06:00:00Z</published><author><name>Ann Bee</name><email>ann@j.example</email></author>
<author><name>Carl Dee</name></author><content type="html">&lt;p&gt;It does.&lt;/p&gt;</content></entry></feed>"""
JOURNAL = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://purl.org/rss/1.0/modules/prism/">
<channel rdf:about="http://j.example"><title>j</title><dc:creator>Ed Itor</dc:creator></channel>
<item rdf:about="http://j.example/content/10.5555/2026.11.01v1?rss=1">
<title><![CDATA[ Moss &amp; <i>Fern</i> ]]></title>
<link>http://j.example/content/10.5555/2026.11.01v1?rss=1</link><description>It grows.</description>
<dc:creator><![CDATA[ Bee, A., Dee, C. J. ]]></dc:creator><dc:date>2026-11-24</dc:date>
<dc:identifier>doi:10.5555/2026.11.01</dc:identifier></item></rdf:RDF>"""


@pytest.mark.parametrize("body", [OLD_RSS, NETSCAPE])
def test_the_oldest_dialects_are_read(body: bytes) -> None:
    entry = only(body)
    assert (entry.keys, entry.title, entry.link) == (("guid:j:j.example/1",), "Moss", "http://j.example/1")


def test_atom_is_read_and_the_feeds_own_author_is_nobody() -> None:
    entry = only(ATOM)
    assert (entry.title, entry.abstract, entry.authors) == ("Moss grows", "It does.", ("Ann Bee", "Carl Dee"))
    assert (entry.keys, entry.aliases) == (("guid:j:tag:j.example,2026:1",), ("guid:j:j.example/1",))
    assert (entry.day, entry.dated) == (DAY, "2026-11-25T06:00:00Z")


def test_a_journal_names_its_papers_by_doi() -> None:
    entry = only(JOURNAL)
    assert entry.keys[0] == "doi:10.5555/2026.11.01"
    assert (entry.title, entry.authors) == ("Moss & Fern", ("A. Bee", "C. J. Dee"))
    assert entry.published == date(2026, 11, 24)


def test_json_feed_is_read() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "authors": [{"name": "Ed"}],
        "items": [
            {
                "id": 7,
                "url": "https://j.example/7?utm_source=x#top",
                "title": "Moss",
                "content_html": "<p>It <b>grows</b> &amp; grows.</p>",
                "date_published": "2026-11-24T23:30:00-08:00",
                "authors": [{"name": "Ann Bee"}],
                "tags": ["plants", 3],
            },
            {"id": "8", "content_text": "No title, but a text.", "author": {"name": "Carl Dee"}},
            "no item",
        ],
    }
    first, second = parsed(json.dumps(feed).encode()).entries
    assert (first.keys, first.aliases) == (("guid:j:7",), ("guid:j:j.example/7",))
    assert (first.abstract, first.authors, first.categories) == ("It grows & grows.", ("Ann Bee",), ("plants",))
    assert first.day == DAY  # in UTC
    assert (second.title, second.authors, second.day) == ("No title, but a text.", ("Carl Dee",), None)


@pytest.mark.parametrize(
    ("feed", "word"),
    [
        ('{"version": "https://jsonfeed.org/version/1", "items": ' + "[" * 100_000, "cannot be read"),
        ('{"version": "https://jsonfeed.org/version/1", "items": 3}', "no list of items"),
        ('{"version": "https://jsonfeed.org/version/1", "items": [{}]}', "none of its 1 entries"),
    ],
)
def test_a_json_feed_without_items_is_refused(feed: str, word: str) -> None:
    with pytest.raises(UnreadableListing, match=word):
        parsed(feed.encode())


def test_a_feed_is_rolling_and_an_empty_one_is_whole() -> None:
    assert parsed(channel()) == Listing(DAY, (), whole=True, rolling=True)


# Keys


def three(guid: str = "", titles: str = "Moss one,Moss two,Moss three") -> bytes:
    named = enumerate(titles.split(","), start=1)
    return channel(*(item(guid.format(n), f"{J}{n}", TODAY, title) for n, title in named))


def test_one_guid_for_all_entries_is_no_key_and_neither_is_none() -> None:
    by_link = [("guid:j:j.example/1",), ("guid:j:j.example/2",), ("guid:j:j.example/3",)]
    assert keys(three(J)) == by_link
    assert keys(three()) == by_link


def test_a_guid_of_its_own_is_the_key_and_the_link_stands_beside_it() -> None:
    entries = parsed(three("r{}")).entries
    assert [(entry.keys, entry.aliases) for entry in entries] == [
        ((f"guid:j:r{n}",), (f"guid:j:j.example/{n}",)) for n in (1, 2, 3)
    ]


def test_where_the_link_is_repeated_too_the_title_is_left() -> None:
    body = channel(*(item("same", J, TODAY, title) for title in ("Moss one", "Moss two")))
    assert keys(body) == [("guid:j:Moss one",), ("guid:j:Moss two",)]


def test_an_entry_listed_twice_is_one_entry_and_its_guid_a_key() -> None:
    twice = item("g", f"{J}1", TODAY, "Moss")
    assert keys(channel(twice, twice)) == [("guid:j:g",)]


@pytest.mark.parametrize(
    "guid",
    [
        "http://j.example/p/1",
        "https://J.example/p/1/",
        "https://j.example/p/1#comments",
        "https://j.example/p/1?utm_source=feed&utm_medium=rss",
    ],
)
def test_a_guid_that_is_an_address_has_one_spelling(guid: str) -> None:
    assert keys(channel(item(guid, "", TODAY, "Moss"))) == [("guid:j:j.example/p/1",)]


def test_what_an_address_asks_for_is_part_of_its_name() -> None:
    assert keys(channel(item("https://j.example/?p=1&utm_x=2", "", TODAY, "Moss"))) == [("guid:j:j.example?p=1",)]


@pytest.mark.parametrize(
    "named",
    [
        "https://arxiv.org/abs/2611.00001",
        "http://export.arxiv.org/pdf/2611.00001v2.pdf",
        "https://www.arxiv.org/html/2611.00001v1",
        "oai:arXiv.org:2611.00001v3",
        "arXiv:2611.00001",
        "https://doi.org/10.48550/arXiv.2611.00001",
        "https://huggingface.co/papers/2611.00001",
    ],
)
def test_an_arxiv_paper_is_known_by_any_of_its_addresses(named: str) -> None:
    where = (named, f"{J}1") if not named.startswith("http") else (f"{J}1", named)
    assert only(channel(item(*where, TODAY, "Moss"))).keys[0] == "arxiv:2611.00001"


@pytest.mark.parametrize(
    "named",
    ["2611.00001", "https://arxiv.example/abs/2611.00001", "https://arxiv.org/list/cs.AI/new", "arXiv:2613.00001"],
)
def test_a_number_that_looks_like_an_arxiv_id_is_none(named: str) -> None:
    assert not only(channel(item(named, f"{J}1", TODAY, "Moss"))).keys[0].startswith("arxiv:")


@pytest.mark.parametrize(
    "named",
    ["https://doi.org/10.5555/MOSS.1", "https://dx.doi.org/10.5555%2Fmoss.1", "doi:10.5555/Moss.1", "10.5555/moss.1"],
)
def test_a_doi_has_one_spelling(named: str) -> None:
    assert only(channel(item(named, f"{J}1", TODAY, "Moss"))).keys[0] == "doi:10.5555/moss.1"


def test_a_doi_that_several_entries_have_is_the_journals_and_no_key() -> None:
    more = "<dc:identifier>doi:10.5555/journal</dc:identifier>"
    body = channel(*(item(f"g{n}", f"{J}{n}", TODAY, f"Moss {n}", more) for n in (1, 2)))
    assert keys(body) == [("guid:j:g1",), ("guid:j:g2",)]


def preprint(version: int, title: str = "Moss", more: str = "") -> str:
    address = f"https://arxiv.org/abs/2611.00001v{version}"
    return item(address, address, TODAY, title, more)


@pytest.mark.parametrize("title", ["Moss", "Mosses"])
def test_two_versions_of_a_preprint_are_one_paper_the_first_listed(title: str) -> None:
    entry = only(channel(preprint(2), preprint(1, title)))
    assert (entry.keys[0], entry.title, entry.link[-2:]) == ("arxiv:2611.00001", "Moss", "v2")


def test_a_doi_under_one_title_is_one_paper_with_the_ids_of_all_its_entries() -> None:
    more = "<dc:identifier>doi:10.5555/moss</dc:identifier>"
    entry = only(channel(item("g", f"{J}1v2", TODAY, "Moss", more), preprint(1, more=more)))
    assert entry.keys == ("arxiv:2611.00001", "doi:10.5555/moss", "guid:j:g")


def test_a_doi_of_two_preprints_is_no_key() -> None:
    more = "<dc:identifier>doi:10.5555/moss</dc:identifier>"
    other = item("", "https://arxiv.org/abs/2611.00002", TODAY, "Moss", more)
    one, two = keys(channel(preprint(1, more=more), other))
    assert (one[0], two[0]) == ("arxiv:2611.00001", "arxiv:2611.00002")
    assert "doi:10.5555/moss" not in (*one, *two)


def test_an_endless_guid_is_cut_to_what_the_database_takes() -> None:
    one, two = (only(channel(item("x" * 900 + end, f"{J}1", TODAY, "Moss"))).keys[0] for end in "ab")
    assert one != two
    assert len(one) <= 250


# Dates


@pytest.mark.parametrize(
    ("written", "day"),
    [
        (TODAY, DAY),
        ("Tue, 24 Nov 2026 20:00:00 -0800", DAY),
        ("2026-11-23", date(2026, 11, 23)),
        ("Wed, 01 Dec 2027 00:00:00 GMT", None),
        ("32 Foo 2026", None),
        ("2026-11", None),
        ("2026", None),
        ("", None),
    ],
)
def test_an_entrys_own_date_counts_when_it_is_readable_and_not_after_the_look(written: str, day: date | None) -> None:
    entry = only(channel(item("g", f"{J}1", written, "Moss")))
    assert (entry.day, entry.published, entry.dated) == (day, day, written)


# Texts


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Let's <think> about it", "Let's <think> about it"),
        ("<p>Moss <b>grows</b><br/>and <a href='http://x.example/'>grows</a></p>", "Moss grows and grows"),
        ("if p<0.05 and x>3", "if p<0.05 and x>3"),
        ("$5 to $10; $\\times$ and $\\nu<a$ give <i>3</i>", "$5 to $10; $\\times$ and $\\nu<a$ give 3"),
        ("for $x <b>y</b>$ and <b>z</b>", "for $x <b>y</b>$ and z"),
        ("$5 <b>or</b> $6", "$5 or $6"),
        ("R&amp;D &lt;b&gt; &eacute;&#233;", "R&D <b> éé"),
        ("H<sub>2</sub>O, 10<sup>-5</sup>, 19<sup>th</sup>, x<sup>2y</sup>", "H₂O, 10⁻⁵, 19th, x^(2y)"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\\$1 <i>Million</i> and \\$2", "\\$1 Million and \\$2"),
    ],
)
def test_only_a_short_list_of_tags_is_markup(written: str, read_as: str) -> None:
    assert only(channel(item("g", f"{J}1", TODAY, written))).title == read_as


def in_json(text: str) -> bytes:
    listed = {"id": "1", "title": "Moss", "content_html": text}
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [listed]}).encode()


WRITTEN = {
    "RSS, escaped": lambda text: channel(
        item("g", f"{J}1", TODAY, "Moss", f"<description>{escape(text)}</description>")
    ),
    "RSS, in CDATA": lambda text: channel(
        item("g", f"{J}1", TODAY, "Moss", f"<description><![CDATA[{text}]]></description>")
    ),
    "Atom": lambda text: ATOM.replace(b"&lt;p&gt;It does.&lt;/p&gt;", escape(text).encode()),
    "JSON Feed": in_json,
    "arXiv": lambda text: rss(rss_entry().replace("We grow moss, $x &lt; 3$.", escape(text))),
}


@pytest.mark.parametrize("dialect", WRITTEN)
@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("if x < y and y > z", "if x < y and y > z"),
        ("if x<y and y>z", "if x<y and y>z"),
        ("<think> tokens </think>", "<think> tokens </think>"),
        ("grown <i>in vivo</i>", "grown in vivo"),
        ("a List<T> or Map<K, List<V>>", "a List<T> or Map<K, List<V>>"),
        ("<picture of a man> and <EOS>", "<picture of a man> and <EOS>"),
        ("<b and c> but <B>d</B>", "<b and c> but d"),
        ("<pre>x</pre> <img src=x> <br/>y", "<pre>x</pre> <img src=x> y"),
        ("<sub>n</sub> and <TT>x</TT> <em class='a'>y</em><p>z", "n and x y z"),
    ],
)
def test_every_dialect_reads_the_same_tags_and_leaves_the_rest_as_text(dialect: str, text: str, read_as: str) -> None:
    assert only(WRITTEN[dialect](text)).abstract == read_as


@pytest.mark.parametrize("sign", ["&amp;", "&lt;", "&#233;", "<![CDATA[&]]>", "é", "<!-- & -->", "<?x &?>"])
def test_what_xml_allows_is_no_damage(sign: str) -> None:
    listing = parsed(channel(f"<item><guid>g</guid><title>Moss {sign} fern</title></item>"))
    assert (listing.whole, listing.note) == (True, "")


@pytest.mark.parametrize("author", ["ann@j.example (Ann Bee)", "Ann Bee <ann@j.example>", "Ann Bee"])
def test_a_mailbox_is_no_name(author: str) -> None:

    assert only(channel(item("g", f"{J}1", TODAY, "Moss", f"<author>{escape(author)}</author>"))).authors == (
        "Ann Bee",
    )


def test_an_address_that_is_none_is_no_link_and_a_relative_one_is_completed() -> None:
    bodies = [
        channel(item("g", link, TODAY, "Moss")) for link in ("javascript:alert(1)", "/p/1", "http://u@evil.example/")
    ]
    assert [only(body).link for body in bodies] == ["", "http://j.example/p/1", ""]


# What must never be believed

BILLION = b"""<!DOCTYPE rss [<!ENTITY a "moss"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<rss version="2.0"><channel><item><title>&c;</title></item></channel></rss>"""
FILE = b"""<?xml version="1.0"?><!-- <rss> --><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<rss version="2.0"><channel><item><title>&x;</title></item></channel></rss>"""
NETSCAPE_DTD = b"""<!DOCTYPE rss PUBLIC "-//N//DTD RSS 0.91//EN" "http://d.example/rss.dtd">
<rss version="0.91"><channel><item><title>Moss</title></item></channel></rss>"""


@pytest.mark.parametrize("body", [BILLION, FILE, NETSCAPE_DTD, BILLION.decode().encode("utf-16")])
def test_a_document_type_is_refused_with_a_clear_reason(body: bytes) -> None:
    with pytest.raises(UnreadableListing, match=r"document type \(DTD\).*Ask the publisher"):
        parsed(body)


def test_deep_and_damaged_and_deep_feeds_are_refused() -> None:
    for start in (b"<rss>", b"<rss>& <"):
        with pytest.raises(UnreadableListing, match="deeply"):
            parsed(start + b"<a>" * 100_000)


def test_a_huge_feed_is_refused_and_a_long_one_is_cut() -> None:
    with pytest.raises(UnreadableListing, match="too big"):
        parsed(channel(f"<item><title>{'x' * 8_000_000}</title></item>"))
    long = parsed(channel(*("<item><title>x</title></item>" for _ in range(2_001))))
    assert not long.whole
    assert "more than 2000 entries" in long.note


def test_a_long_json_feed_is_cut_and_says_so() -> None:
    def listed(entries: int) -> Listing:
        items = [{"id": str(n), "title": "Moss"} for n in range(entries)]
        return parsed(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode())

    whole, long = listed(2_000), listed(2_001)
    assert (whole.whole, len(whole.entries)) == (True, 2_000)
    assert (long.whole, len(long.entries)) == (False, 2_000)
    assert "more than 2000 entries" in long.note


def test_what_breaks_off_gives_its_whole_entries_only() -> None:
    whole = channel(item("g1", f"{J}1", TODAY, "Moss"), item("g2", f"{J}2", TODAY, "Fern and reed"))
    listing = parsed(whole[: whole.index(b" and reed")])
    assert [entry.title for entry in listing.entries] == ["Moss"]
    assert not listing.whole
    with pytest.raises(UnreadableListing, match="breaks off"):
        parsed(whole[: whole.index(b"Moss<")])


def test_signs_that_xml_does_not_know_are_mended() -> None:
    body = channel("<item><title>R & D&nbsp;caf&eacute;\x0b</title></item>", "<item><title>if 1 < 2</title></item>")
    assert [entry.title for entry in parsed(body).entries] == ["R & D café", "if 1 < 2"]


def test_a_prefix_that_is_not_declared_is_taken_by_its_name() -> None:
    more = "<dc:creator>Ann Bee</dc:creator><media:x media:y='1'/>"
    body = channel(item("g", f"{J}1", TODAY, "Moss", more)).replace(b"xmlns:dc=", b"xmlns:unused=")
    listing = parsed(body)
    assert (listing.entries[0].authors, listing.whole) == (("Ann Bee",), True)
    announced = rss(rss_entry(1)).replace(b"xmlns:arxiv=", b"xmlns:unused=")
    assert parsed(announced).entries[0].announce == "new"


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("iso-8859-1", "cp1252"),
        ("windows-1252", "cp1252"),
        ("utf-8", "cp1252"),
        ("iso-8859-1", "utf-8"),
        ("nonsense", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-8", "utf-16-le"),
    ],
)
def test_an_encoding_that_lies_is_seen_through(declared: str, written: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>{channel(item("g", "", TODAY, "Ça coûte 3 €")).decode()}'
    assert only(text.encode(written)).title == "Ça coûte 3 €"


def test_other_alphabets_are_read_as_they_declare() -> None:
    for encoding, title in (("koi8-r", "Мох"), ("shift_jis", "東京の苔"), ("gb2312", "苔藓"), ("iso-2022-jp", "苔")):
        text = f'<?xml version="1.0" encoding="{encoding}"?>{channel(item("g", "", TODAY, title)).decode()}'
        assert only(text.encode(encoding)).title == title
