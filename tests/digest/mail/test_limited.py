"""Operators' templates in the limited process: they run no code, exhaust nothing, and write what they would here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import Markup

from digest.mail import limited
from digest.mail.child import MEMORY
from digest.mail.compose import Composer
from digest.mail.limited import Limited, NotStarted
from digest.mail.parts import Part, Wording, WordingError, shipped
from digest.mail.slots import of_digest
from tests.digest.mail.hostile import BOMBS, ESCAPES, collected
from tests.digest.mail.invented import DRAFT, MESSAGE_ID, NOW, PAPERS, READER, SITE, TEMPLATES, composer

CONTEXT = {"site": {"name": "R&D"}, "edition": {"day": "Wednesday"}}
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    yield
    limited._PROCESS.end()


def process() -> int:
    Wording([part("x")]).render("head", "txt", CONTEXT)
    child = limited._PROCESS._child
    assert child is not None
    return child.pid


def part(body: str, name: str = "head", format: str = "txt") -> Part:
    return Part("digest", name, format, body)


def render(body: str, format: str = "html") -> str:
    return Wording([part(body, format=format)]).render("head", format, CONTEXT)


@pytest.mark.parametrize("body", [*ESCAPES, *collected("escapes")])
def test_an_escape_runs_no_code(body: str) -> None:
    """What comes out are its own letters, a sum, or a name: no class, no module, no other process."""
    for format in ("html", "txt"):
        try:
            made = render(body, format)
        except WordingError:
            continue
        assert not any(word in made for word in ("<class", "&lt;class", "__builtins__", "uid=", "root:", "subprocess"))
        assert len(made) <= len(body) + 100


@pytest.mark.parametrize("body", [*BOMBS, *collected("bombs")])
def test_a_bomb_is_contained_and_the_next_part_is_rendered(body: str) -> None:
    with pytest.raises(WordingError, match=r"^digest/head\.txt"):
        render(body, "txt")
    assert render("{{ site.name }}", "txt") == "R&D"


@pytest.mark.parametrize("body", [BOMBS[0], BOMBS[1], BOMBS[8]])
def test_what_exhausts_its_process_is_told_from_what_raises(body: str) -> None:
    with pytest.raises(WordingError) as spent:
        render(body)
    assert (spent.value.spent, spent.value.place) == (True, ("head", "html"))
    with pytest.raises(WordingError) as raised:
        render("{{ 1 / 0 }}")
    assert not raised.value.spent


def test_an_error_names_the_line_that_raised() -> None:
    with pytest.raises(WordingError, match=r"digest/head\.html, line 3: ZeroDivisionError"):
        render("a\nb\n{{ 1 / 0 }}\nc")


def test_what_comes_with_the_service_reads_the_same_when_it_is_rendered_under_limits() -> None:
    parts = [part for part in shipped(TEMPLATES) if part.kind == "digest"]
    edited = [Part(one.kind, one.part, one.format, one.body) for one in parts]
    made = Composer(Wording(edited), SITE, PAPERS)
    here = composer()
    assert made.compose(DRAFT, READER, MESSAGE_ID, NOW) == here.compose(DRAFT, READER, MESSAGE_ID, NOW)
    assert not made.failed
    assert (made.frame_bytes(), made.section_bytes()) == (here.frame_bytes(), here.section_bytes())


def test_markup_stays_markup_and_the_rest_is_escaped() -> None:
    wording = Wording([part("{{ paper.title }} {{ paper.key }}", "card", "html")])
    paper = {"title": Markup("<b>x</b>"), "key": "<i>"}
    assert wording.fragment("card", "html", {"paper": paper}) == "<b>x</b> &lt;i&gt;"


def test_one_process_serves_many_requests_and_another_one_takes_over_when_it_is_gone() -> None:
    first = process()
    assert process() == first
    os.kill(first, signal.SIGKILL)
    second = process()
    assert second != first
    limited._PROCESS.end()
    assert process() not in (first, second)


def test_who_is_interrupted_while_waiting_does_not_leave_the_answer_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = process()

    def interrupted(line: object, most: int) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(limited, "read", interrupted)
        with pytest.raises(KeyboardInterrupt):
            render("the first answer")
    assert render("the second one") == "the second one"
    assert process() != first


def test_its_limits_are_those_that_are_promised_and_it_has_none_of_our_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "not-for-templates")
    limited._PROCESS.end()
    number = process()
    limits = Path(f"/proc/{number}/limits").read_text()
    held = {line[:26].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert held["Max address space"] == [str(MEMORY)] * 2
    assert held["Max open files"] == held["Max processes"] == held["Max core file size"] == ["0", "0"]
    assert 0 < int(held["Max cpu time"][0]) < 10
    assert b"SECRET_KEY" not in Path(f"/proc/{number}/environ").read_bytes()


def test_it_ends_with_the_process_that_asked() -> None:
    code = (
        "from digest.mail import limited; from digest.mail.parts import *\n"
        "Wording([Part('digest', 'head', 'txt', 'x')]).render('head', 'txt', {})\n"
        "print(limited._PROCESS._child.pid, flush=True); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    number = int(ran.stdout)
    for _ in range(1_000):
        stat = Path(f"/proc/{number}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        subprocess.run([sys.executable, "-c", ""], check=True)
    pytest.fail("it still runs")


def test_that_it_can_not_be_started_is_no_fault_of_a_wording(monkeypatch: pytest.MonkeyPatch) -> None:
    limited._PROCESS.end()
    monkeypatch.setattr(limited.sys, "executable", "/nowhere/python")
    with pytest.raises(NotStarted, match="can't be started"):
        Limited([part("x")]).render("head", "txt", CONTEXT, of_digest("head"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{{ slot.page }}", '\'page\' is known inside each\\("missing"\\) and each\\("near"\\) only'),
        ('{% call each("missing") %}{{ slot.topic }}{% endcall %}', "'topic' is known inside each\\(\"contents\"\\)"),
        ('{% call when("numbered") %}x{% endcall %}', "'numbered' is known inside"),
        ('{{ "\ue0b0nonsense\ue0b1" }}', "no 'nonsense' here"),
        ('{{ "\ue0b3nonsense\ue0b1\ue0b7\ue0b1" }}', "no repetition 'nonsense'"),
        ('{{ "\ue0b2found\ue0b1" }}', "'found' is not closed"),
        ('{{ "\\ud800" }}', "can't be read"),
    ],
)
def test_a_name_that_nobody_would_fill_in_is_an_error_and_not_a_letter_that_can_not_be_sent(
    body: str, said: str
) -> None:
    with pytest.raises(WordingError, match=said):
        render(body, "txt")


def test_names_are_known_inside_their_repetition() -> None:
    body = '{{ slot.lead }}{% call each("contents") %}{{ slot.lead }}{{ slot.leave }}{% endcall %}'
    assert render(body, "txt").count("lead") == 2


def test_when_a_part_fails_the_rescue_says_what_to_go_on_with() -> None:
    asked: list[str] = []

    def rescue(error: WordingError, used: tuple[Part, ...]) -> tuple[Part, ...] | None:
        asked.append(str(error))
        return (part("good"),) if used != (part("good"),) else None

    wording = Wording([part("{{ 1 / 0 }}")], rescue=rescue)
    assert [wording.frame("txt", CONTEXT), wording.frame("txt", CONTEXT)] == [("good", "")] * 2
    assert len(asked) == 1
    with pytest.raises(WordingError, match="missing"):
        wording.render("subject", "txt", CONTEXT)
