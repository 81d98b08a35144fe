"""Digests, read as a mail program reads them."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

from digest.editions.draft import Draft, Hit, Missing, Near, Section
from digest.mail.compose import HTML_MOST, Addressee, Composer
from digest.mail.parts import RENDERER, Part, Wording, WordingError, shipped
from digest.mail.wrap import columns
from digest.matching.mark import Mark
from digest.sources.listing import Facts
from tests.digest.mail.invented import DRAFT, MESSAGE_ID, NOTHING, NOW, PAPERS, READER, SITE, TEMPLATES, composer, marks
from tests.digest.mail.reading import Read, read

LEAVE = f"https://papers.example.org/leave/{READER.leave_token}"
WEB = f"https://papers.example.org/l/{READER.token}"


def digest(draft: Draft = DRAFT, to: Addressee = READER, facts: dict[int, Facts] | None = None) -> Read:
    return read(composer(facts).compose(draft, to, MESSAGE_ID, NOW))


def words_of(html: str) -> str:
    """The visible text of an HTML document, white space folded."""
    soup = BeautifulSoup(html, "lxml")
    for hidden in soup.select("title, style, .pre"):
        hidden.decompose()
    for line_break in soup.find_all("br"):
        line_break.replace_with(" ")
    return " ".join(soup.get_text().split())


def folded(text: str) -> str:
    return " ".join(text.split())


def one(change: int, facts: Facts, *found: Mark, **hit: object) -> Read:
    section = Section(1, "Moss", "moss", (Hit(change, 50, found, **hit),))  # type: ignore[arg-type]
    return digest(replace(DRAFT, sections=(section,), carried=0, missing=()), facts={change: facts})


def test_the_same_draft_gives_the_same_bytes() -> None:
    first, second = (composer().compose(DRAFT, READER, MESSAGE_ID, NOW) for _ in range(2))
    assert first == second
    assert (first.sender, first.recipient) == ("digest@papers.example.org", "reader@example.org")
    assert first.message_id == MESSAGE_ID


def test_what_was_composed_before_does_not_show_in_what_is_composed_after() -> None:
    other = replace(DRAFT, sections=(Section(9, "Other", "x", (Hit(101), Hit(104, also=("A", "B")))),), late=True)
    used = composer()
    used.compose(other, replace(READER, email="other@example.org"), MESSAGE_ID, NOW)
    assert used.compose(DRAFT, READER, MESSAGE_ID, NOW) == composer().compose(DRAFT, READER, MESSAGE_ID, NOW)


def test_one_paper_has_the_number_of_each_mail_that_it_stands_in() -> None:
    made, hit = composer(), DRAFT.sections[0].hits[0]
    for number in (1, 3, 2):
        hits = (*(Hit(106, score) for score in range(1, number)), hit)
        draft = replace(DRAFT, sections=(Section(1, "A", "a", hits),), carried=0)
        assert f"\n{number}. Forgetting on Purpose" in read(made.compose(draft, READER, MESSAGE_ID, NOW)).text


def test_cards_that_are_kept_for_a_while_stay_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.mail.card.PLACES_KEPT", 2)
    made = composer()
    first = [made.compose(DRAFT, READER, MESSAGE_ID, NOW) for _ in range(3)]
    assert first == [composer().compose(DRAFT, READER, MESSAGE_ID, NOW)] * 3


def test_lines_are_short_and_end_with_crlf() -> None:
    data = composer().compose(DRAFT, READER, MESSAGE_ID, NOW).data
    _, _, body = data.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert data.endswith(b"--\r\n")


def test_everything_counted_adds_up_in_words() -> None:
    mail = digest()
    total = "61 new or changed = 4 above + 1 more on the web + 2 told before + 54 outside your topics"
    for text in (folded(mail.text), words_of(mail.html)):
        assert total in text
        assert "Not counted: 1 paper from an earlier digest that did not arrive" in text
        assert (
            "6 papers for you: 5 of 61 new or changed since yesterday, 07:30, and 1 paper from an earlier digest"
            in text
        )


def test_a_carried_paper_behind_more_is_not_counted_as_listed() -> None:
    draft = replace(DRAFT, carried=1, carried_more=1, listed=60)
    text = folded(digest(draft).text)
    assert "60 new or changed = 4 above + 0 more on the web + 2 told before + 54 outside your topics" in text
    assert "Not counted: 2 papers from an earlier digest" in text


def test_without_carried_papers_nothing_is_said_of_them() -> None:
    mail = digest(replace(DRAFT, carried=0))
    for text in (folded(mail.text), words_of(mail.html)):
        assert "6 papers for you, of 61 new or changed since yesterday, 07:30" in text
        assert "Not counted" not in text


def test_the_period_the_next_slot_and_the_sender_are_told() -> None:
    mail = digest()
    for text in (folded(mail.text), words_of(mail.html)):
        assert (
            "Covers Tuesday 24 November 2026, 07:30 to Wednesday 25 November 2026, 07:30, Europe/Berlin. "
            "Next: Thursday 26 November 2026, 07:30, if anything matches." in text
        )
        assert (
            "reader@example.org asked for it on 3 August 2026 and confirmed: 3 topics, Monday to Friday, 07:30." in text
        )
        assert "Example Reading Room, 1 Sample Street, 00000 Exampleton" in text


def test_a_reader_whom_an_operator_added_is_not_told_that_they_asked() -> None:
    mail = digest(to=replace(READER, added=True))
    undated = digest(to=replace(READER, added=True, since=""))
    for text, plain in ((folded(mail.text), folded(undated.text)), (words_of(mail.html), words_of(undated.html))):
        assert "reader@example.org was added by the operator on 3 August 2026: 3 topics, Monday" in text
        assert "reader@example.org was added by the operator: 3 topics" in plain
        assert "asked for it" not in text
        assert "confirmed" not in text


def test_a_carried_paper_names_the_digest_that_did_not_arrive() -> None:
    mail = digest()
    for text in (folded(mail.text), words_of(mail.html)):
        assert text.count("From your digest of 24 November, which did not arrive") == 1


def test_a_digest_that_may_not_have_arrived_is_named_with_its_page() -> None:
    missing = tuple(Missing(f"2026-11-{day}", f"202611{day}T0630") for day in (20, 23))
    mail = digest(replace(DRAFT, missing=missing))
    for day in (20, 23):
        page = f"{WEB}/202611{day}T0630"
        assert f"Your digest of {day} November may not have arrived. It is on the web: {page} " in folded(mail.text)
        assert f"Your digest of {day} November may not have arrived. Read it on the web" in words_of(mail.html)
        assert BeautifulSoup(mail.html, "lxml").find("a", href=page)


def test_a_late_digest_and_a_first_one_say_so() -> None:
    late, first = digest(replace(DRAFT, late=True)), digest(replace(DRAFT, first=True, carried=0))
    plain = digest()
    assert "This digest is late: it was due at 07:30, while the service was down." in folded(late.text)
    assert "Late: it was due at 07:30, while the service was down." in words_of(late.html)
    for text in (folded(first.text), words_of(first.html)):
        assert "6 papers for you, of 61 new or changed in the last 7 days" in text
        assert "Your first digest" in text
    for text in (folded(plain.text), words_of(plain.html)):
        assert "first digest" not in text
        assert "service was down" not in text


def test_a_digest_without_papers_says_so() -> None:
    mail = digest(replace(DRAFT, sections=(), carried=0, missing=(), listed=5, told=0, outside=5))
    assert mail.headers["Subject"] == "Nothing for you, 25 Nov 2026"
    for text in (folded(mail.text), words_of(mail.html)):
        assert "No papers for you, of 5 new or changed since yesterday, 07:30" in text
        assert "5 new or changed = 0 above + 0 more on the web + 0 told before + 5 outside your topics" in text


def test_the_leave_link_is_near_the_top_and_in_the_foot() -> None:
    mail = digest()
    for body in (mail.text, mail.html):
        assert body.index(LEAVE) < body.index("Forgetting on Purpose" if body is mail.text else "<h2")
        assert body.rindex(LEAVE) > body.rindex("outside your topics")


def test_each_reader_has_their_own_links() -> None:
    other = digest(to=replace(READER, token="b" * 44, leave_token="c" * 44))
    for body in (other.text, other.html):
        assert READER.token not in body
        assert READER.leave_token not in body


def test_links_lead_to_our_pages_and_to_the_paper_s_own_only() -> None:
    soup = BeautifulSoup(digest().html, "lxml")
    hosts = {urlsplit(str(a["href"])).hostname for a in soup.find_all("a") if not str(a["href"]).startswith("#t")}
    assert hosts == {
        "papers.example.org", "arxiv.org", "huggingface.co", "code.example.org", "robots.example.org",
        "feed.example.org",
    }  # fmt: skip
    ids = {str(tag["id"]) for tag in soup.find_all(id=True)}
    assert (
        {str(a["href"])[1:] for a in soup.find_all("a") if str(a["href"]).startswith("#")} == ids == {"t1", "t2", "t3"}
    )
    assert soup.find("a", href=f"{WEB}#t1")
    assert not soup.find_all(["img", "script", "link", "form"])


def test_urls_of_the_text_part_stand_between_white_space() -> None:
    text = digest().text
    urls = re.findall(r"\S*https?://\S*", text)
    assert len(urls) > 15
    assert all(re.fullmatch(r"https?://[\w./:#%~-]*[\w/]", url) for url in urls)


def test_the_text_part_keeps_to_72_columns_save_for_links() -> None:
    for line in digest().text.split("\n"):
        assert columns(line) <= 72 or "https://" in line


def test_the_text_part_has_plain_characters() -> None:
    facts = replace(PAPERS[101], title='Q&A isn\'t "hard" if 1 < 2', authors=("Zoë O'Neil & sons",))
    text = one(1, facts).text
    assert 'Q&A isn\'t "hard" if 1 < 2' in text
    assert "Zoë O'Neil & sons" in text
    assert "&amp;" not in text
    assert "&#" not in text


def test_matched_words_are_marked_in_both_parts() -> None:
    mail = digest()
    assert "*Cache Eviction* That Can Be Undone" in folded(mail.text)
    assert "A *long context* is mostly silence." in folded(mail.text)
    found = [" ".join(tag.get_text().split()) for tag in BeautifulSoup(mail.html, "lxml").select("b.m")]
    assert found[:4] == ["Cache Eviction", "long context", "Long Context", "long-context"]


def test_a_mark_inside_a_word_marks_the_word() -> None:
    facts = Facts("x", "Robots walk", "")
    mail = one(1, facts, Mark("bot", "title", 2, 5, "bot"))
    assert "*Robots* walk" in mail.text


def test_the_reason_names_the_other_topics_too() -> None:
    mail = digest()
    assert 'Why: "cache eviction" in the title, "long context" in the abstract' in folded(mail.text)
    assert "Also in: Memory & machines" in folded(mail.text)
    said = words_of(mail.html)
    assert "Why “cache eviction” in the title, “long context” in the abstract · also in Memory & machines" in said


def test_many_other_topics_are_counted() -> None:
    text = folded(one(1, PAPERS[102], also=("A", "B", "C", "D")).text)
    assert "Also in: A, B, 2 more" in text


def test_foreign_text_has_its_own_direction_and_can_not_turn_what_is_around_it() -> None:
    evil = "\u202eevil\u2066"
    facts = Facts("x", f"Title {evil}", f"Abstract {evil}", authors=(f"Author {evil}",), organisations=(f"Org {evil}",))
    section = Section(1, f"Topic {evil}", f"Query {evil}", (Hit(1, 50, also=(f"Also {evil}",)),))
    mail = digest(replace(DRAFT, sections=(section,)), facts={1: facts})
    for body in (mail.text, mail.html, str(mail.headers["Subject"])):
        assert not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", body)
    soup = BeautifulSoup(mail.html, "lxml")
    own = [tag.get_text() for tag in soup.find_all(dir="auto") if isinstance(tag, Tag)]
    for name in ("Title", "Abstract", "Author", "Org", "Topic", "Query"):
        assert f"{name} evil" in own, name


def test_markup_in_foreign_text_is_text() -> None:
    evil = "<img src=x onerror=alert(1)>\"'</td></table><script>alert(1)</script>{{ 7*7 }}"
    facts = Facts("x", evil, evil, authors=(evil,), organisations=(evil,), link=f"https://x.example/{evil}")
    section = Section(1, evil, evil, (Hit(1, 50, (Mark(evil, "author", shown=evil),), (evil,), "2026-11-24"),))
    mail = digest(replace(DRAFT, sections=(section, replace(section, topic=2))), facts={1: facts})
    soup = BeautifulSoup(mail.html, "lxml")
    assert not soup.find_all(["img", "script"])
    assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
    assert evil.split("</td>", maxsplit=1)[0] in soup.get_text()


@pytest.mark.parametrize(
    ("title", "linked"),
    [
        ("https://evil.example/?a=1 and moss", False),
        ('"evil.example/moss" revisited', False),
        ("Moss.net: a study", True),
        ("What https://moss.example says", True),
        ("On moss", True),
    ],
)
def test_a_title_that_begins_with_an_address_is_no_link_to_another_one(title: str, linked: bool) -> None:
    heading = BeautifulSoup(one(1, Facts("x", title)).html, "lxml").select_one("h3")
    assert heading is not None
    assert heading.get_text() == title
    assert bool(heading.select("a")) is linked


def test_tex_with_prices_stays_readable() -> None:
    facts = Facts("x", "y", r"It costs $5 to $10 per run; $\times$ and $\nu<a$ give $3 \times 2^{15}$.")
    mail = one(1, facts)
    for text in (folded(mail.text), words_of(mail.html)):
        assert "It costs $5 to $10 per run; × and ν<a give 3 × 2¹⁵." in text


def test_what_an_inbox_shows_beside_the_subject_counts_as_the_mail_does() -> None:
    assert "and 5 more: 5 of 61 new or changed since yesterday, 07:30, and 1 paper from an earlier" in digest().html
    alone = replace(DRAFT, carried=0, carried_more=0)
    assert "and 5 more of 61 new or changed since yesterday, 07:30.</div>" in digest(alone).html


def test_a_long_title_that_came_close_stays_behind_its_indent() -> None:
    facts = {1: Facts("2611.1", "Moss and lichen " * 12)}
    told = replace(NOTHING, near=(Near(1, "Moss: has no moss"),))
    lines = digest(replace(told, renderer=RENDERER), facts=facts).text.splitlines()
    title = [line for line in lines if "lichen" in line]
    assert len(title) > 1
    assert all(line.startswith("   ") for line in title)
    earlier = digest(replace(told, renderer=4), facts=facts).text.splitlines()
    assert not all(line.startswith("   ") for line in earlier if "lichen" in line)


def test_a_topic_named_like_an_encoded_word_is_literal_in_the_body_and_parted_in_the_subject() -> None:
    mail = digest()
    assert "= ?utf-8?q?R&D?= 2" in str(mail.headers["Subject"])
    assert "=?utf-8?q?R&D?=" in mail.text
    assert "=?utf-8?q?R&D?=" in words_of(mail.html)


def test_the_subject_tells_the_topics_or_the_first_title() -> None:
    assert composer().subject(DRAFT) == (
        "6 new, 25 Nov 2026: Long-context inference 3, Robot learning 1, = ?utf-8?q?R&D?= 2"
    )
    single = replace(DRAFT, sections=DRAFT.sections[1:2])
    assert composer().subject(single) == "1 new, 25 Nov 2026: Diffusion Policies That Stop When the Cup Is Full"
    three = replace(DRAFT, sections=DRAFT.sections[:1])
    assert composer().subject(three).endswith("Cache Eviction That Can Be Undone and 2 more")


def test_no_two_subjects_of_a_reader_are_equal() -> None:
    drafts = [
        DRAFT,
        replace(DRAFT, date="2026-11-26", slot="2026-11-26T07:30:00+01:00"),
        replace(DRAFT, date="2027-11-25", slot="2027-11-25T07:30:00+01:00"),
        replace(DRAFT, slot="2026-11-25T19:00:00+01:00", since="2026-11-25T07:30:00+01:00"),
        replace(DRAFT, slot="2026-11-25T18:00:00+01:00", since="2026-11-25T07:30:00+01:00"),
        replace(DRAFT, first=True),
        replace(DRAFT, first=True, slot="2026-11-25T09:00:00+01:00"),
    ]
    subjects = [composer().subject(draft) for draft in drafts]
    assert len(set(subjects)) == len(drafts)


@pytest.mark.parametrize(
    ("since", "slot", "following", "told"),
    [
        ("2026-11-24T07:30:00+01:00", "2026-11-25T07:30:00+01:00", "2026-11-26T07:30:00+01:00", "25 Nov 2026"),
        ("2026-03-28T07:30:00+01:00", "2026-03-29T07:30:00+02:00", "2026-03-30T07:30:00+02:00", "29 Mar 2026"),
        ("2026-11-19T07:00:00+01:00", "2026-11-25T07:00:00+01:00", "2026-11-25T18:00:00+01:00", "25 Nov 2026, 07:00"),
        ("2026-11-19T07:00:00+01:00", "2026-11-25T18:00:00+01:00", "2026-11-26T07:00:00+01:00", "25 Nov 2026, 18:00"),
        ("2026-11-25T07:00:00+01:00", "2026-11-25T18:00:00+01:00", "", "25 Nov 2026, 18:00"),
        # who has moved from Tokyo to Los Angeles had a slot of the same date, which was of the day before there
        ("2026-11-24T14:30:00-08:00", "2026-11-25T07:30:00-08:00", "2026-11-26T07:30:00-08:00", "25 Nov 2026, 07:30"),
    ],
)
def test_a_subject_tells_the_time_to_who_has_more_than_one_digest_within_a_day(
    since: str, slot: str, following: str, told: str
) -> None:
    draft = replace(DRAFT, date=slot[:10], since=since, slot=slot, next=following, renderer=RENDERER, first=False)
    assert f" new, {told}: " in composer().subject(draft)


def test_a_letter_of_an_earlier_renderer_keeps_its_subject() -> None:
    morning = replace(DRAFT, next="2026-11-25T18:00:00+01:00")
    assert ", 25 Nov 2026, 07:30:" in composer().subject(replace(morning, renderer=5))
    assert ", 25 Nov 2026:" in composer().subject(replace(morning, renderer=4))


def test_a_very_long_subject_is_cut_between_words() -> None:
    facts = {1: Facts("x", "moss and lichen " * 60)}
    draft = replace(DRAFT, sections=(Section(1, "Moss", "moss", (Hit(1), Hit(1))),))
    subject = composer(facts).subject(draft)
    assert len(subject) <= 180
    assert subject.endswith("… and 1 more")
    assert str(digest(draft, facts=facts).headers["Subject"]) == subject


def test_the_sizes_told_are_never_below_the_true_ones() -> None:
    wide = "\"&'<苔🧪" * 40
    found = tuple(Mark(wide, "abstract", i * 4, i * 4 + 1, wide) for i in range(60))
    facts = Facts(
        "x" * 90, wide, "moss " * 400, (wide,) * 9, (wide,) * 4, 10**6, 10**6, code="https://x.example/" + "y" * 900,
        link="https://z.example/" + "y" * 900, arxiv="2611.90512", published="2026-11-24",
    )  # fmt: skip
    hit = Hit(1, 50, found, (wide,) * 5, "2026-11-24")
    sections = tuple(Section(i, wide, wide, (hit,) * 2, (1,) * 999) for i in range(4))
    missing = tuple(Missing(f"2026-09-{day}", f"202609{day}T0630") for day in range(10, 30))
    draft = replace(DRAFT, sections=sections, missing=missing, zone="America/Argentina/ComodRivadavia", carried=2)
    to = replace(READER, email="&" * 199 + "@" + "x" * 50 + ".org", token="t" * 80, leave_token="l" * 80, schedule=wide)
    made = composer({1: facts})
    size = len(read(made.compose(draft, to, MESSAGE_ID, NOW)).html.replace("\n", "\r\n").encode())
    bound = made.frame_bytes() + 4 * made.section_bytes() + 8 * made.card_bytes(1)
    assert made.hit_bytes(hit) <= made.most_bytes(hit) <= made.card_bytes(1)
    assert size <= made.frame_bytes() + 4 * made.section_bytes() + 8 * made.hit_bytes(hit) <= bound
    part = made.part_bytes(wide, wide, 1)
    assert part <= made.section_bytes()
    assert size <= made.frame_bytes() + 4 * part + 8 * made.hit_bytes(hit)
    assert bound < 2 * size


def test_a_usual_card_s_bound_is_not_far_from_its_size() -> None:
    made = composer()
    hit = DRAFT.sections[0].hits[0]
    assert made.hit_bytes(hit) <= made.most_bytes(hit) <= made.hit_bytes(hit) + 1_000
    assert made.most_bytes(hit) <= made.card_bytes(101) <= made.hit_bytes(hit) + 2_300
    assert made.frame_bytes() < 13_000
    assert made.section_bytes() < 3_300
    (first, *_) = DRAFT.sections
    assert made.part_bytes(first.name, first.query, first.hits[0].change) < 2_300
    assert HTML_MOST == 90_000


def test_a_title_that_stands_there_twice_has_its_marks_twice_in_the_bound() -> None:
    twice = [
        replace(p, body="{{ paper.title }} {{ paper.title }}") if (p.part, p.format) == ("card", "html") else p
        for p in shipped(TEMPLATES)
        if p.kind == "digest"
    ]
    title = PAPERS[101].title
    found = tuple(Mark(word, "title", title.index(word), title.index(word) + len(word), word) for word in title.split())
    made, hit = Composer(Wording(twice), SITE, PAPERS), Hit(101, 1, found)
    assert made.hit_bytes(hit) <= made.most_bytes(hit)


def test_a_card_that_can_not_be_rendered_becomes_title_and_link() -> None:
    broken = [
        replace(p, body="{{ 1 // (paper.upvotes - 84) }}{{ paper.title }}") if p.part == "card" else p
        for p in shipped(TEMPLATES)
        if p.kind == "digest"
    ]
    made = Composer(Wording(broken), SITE, PAPERS)
    mail = read(made.compose(DRAFT, READER, MESSAGE_ID, NOW))
    assert list(made.failed) == [101]
    assert "ZeroDivisionError" in made.failed[101]
    assert "1. Forgetting on Purpose: Cache Eviction That Can Be Undone" in folded(mail.text)
    link = BeautifulSoup(mail.html, "lxml").find("a", href="https://papers.example.org/p/2611.90512")
    assert link
    assert link.get_text() == "Forgetting on Purpose: Cache Eviction That Can Be Undone"
    assert "1 Serving" not in mail.text


def test_a_head_that_can_not_be_rendered_is_an_error_that_names_it() -> None:
    parts = [Part("digest", "head", "txt", "{{ slot.reader }}"), *shipped(TEMPLATES)]
    kept = {(part.part, part.format): part for part in reversed(parts) if part.kind == "digest"}
    with pytest.raises(WordingError, match=r"digest/head\.txt, line 1: there is no slot 'reader'"):
        Composer(Wording(kept.values()), SITE, PAPERS).compose(DRAFT, READER, MESSAGE_ID, NOW)


def test_a_change_whose_facts_are_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="change 101"):
        composer({}).compose(DRAFT, READER, MESSAGE_ID, NOW)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nb", 'a"b', "ä", "x" * 81, "../x"])
def test_a_token_that_can_not_stand_in_a_link_is_refused(token: str) -> None:
    for field in ("token", "leave_token"):
        with pytest.raises(ValueError, match="token"):
            composer().compose(DRAFT, replace(READER, **{field: token}), MESSAGE_ID, NOW)


def test_marks_beyond_the_text_shown_are_left_out() -> None:
    facts = Facts("x", "Moss", "moss " * 1_000)
    mail = one(1, facts, Mark("moss", "abstract", 4_990, 4_994, "moss"), *marks(101, "long context")[:1])
    assert "…" in mail.text
    assert "*moss*" not in mail.text


def test_a_template_may_put_the_number_before_between_and_behind_marked_words() -> None:
    kept = {part.place: part for part in shipped(TEMPLATES) if part.kind == "digest"}
    text = "{{ slot.number }} {{ paper.title }} {{ slot.number }}\n{{ paper.abstract }} {{ slot.number }}\n\n"
    kept["card", "txt"] = replace(kept["card", "txt"], body=text)
    found = marks(101, "cache")[:1]
    draft = replace(DRAFT, sections=(Section(1, "A", "a", (Hit(102), Hit(101, 1, found))),), carried=0, missing=())
    mail = read(Composer(Wording(kept.values()), SITE, PAPERS).compose(draft, READER, MESSAGE_ID, NOW))
    assert "2 Forgetting on Purpose: *Cache* Eviction That Can Be Undone 2\nA long context is" in mail.text
    assert "https://code.example.org/undo . 2\n" in mail.text
