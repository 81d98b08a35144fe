"""The parts of a mail's wording: template files, compiled in a sandbox.

A digest has five parts (subject, head, section, card, foot), a notice two (subject, head); all but the subject
in HTML and text. What a part sees is plain data about the site, the edition or one paper, **never the reader**;
what differs per reader it names as slots, conditions and repetitions (digest.mail.slots).

A kind has a style sheet, too: css-inline writes it into the elements; what must stay a rule (dark mode, narrow
screens) stands in the head's <style>.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from digest.mail.form import DONE, EACH, END, MIDDLE, SLOT, WHEN
from digest.mail.slots import HTML, TEXT, Names, of_digest
from digest.mail.span import SHUT
from digest.mail.wrap import MARKED_WIDTH, WIDTH, wrap

RENDERER = 1  # raised when the code changes the bytes of a mail

CSS = "css"
STYLE = "style"
KEEP = ' data-css-inline="ignore"'  # css-inline leaves a <style> with it alone
MARK = '<b class="m">', "</b>"


@dataclass(frozen=True)
class Part:
    """One part of a mail's wording: a template, or the style sheet of its kind (part style, format css)."""

    kind: str
    part: str
    format: str  # html, txt, css
    body: str


class WordingError(ValueError):
    """A wording that can't be rendered: which part, where, what is wrong."""


def shipped(folder: Path) -> tuple[Part, ...]:
    """The parts that come with the service: FOLDER/<kind>/<part>.html, .txt and style.css.

    WordingError when the folder holds none.
    """
    files = sorted(path for path in folder.glob("*/*.*") if path.suffix[1:] in (HTML, TEXT, CSS))
    if not files:
        raise WordingError(f"no wording in {folder}: expected <kind>/<part>.html and .txt there")
    return tuple(Part(f.parent.name, f.stem, f.suffix[1:], f.read_text(encoding="utf-8")) for f in files)


class Wording:
    """One set of parts of one kind, compiled.

    `style` replaces the style sheet among the parts. WordingError when a part doesn't compile, or when the
    parts are of several kinds.
    """

    def __init__(self, parts: Iterable[Part], style: str = "") -> None:
        given = list(parts)
        known = {(part.part, part.format): part for part in given}
        kinds = {part.kind for part in given}
        if len(kinds) != 1:
            raise WordingError(f"a wording is of one kind, not of {sorted(kinds) or 'none'}")
        (self.kind,) = kinds
        sheet = known.pop((STYLE, CSS), None)
        self._inliner = _Inliner(style or (sheet.body if sheet else ""))
        self._templates = {place: self._compiled(part) for place, part in known.items()}
        self.marks = {HTML: self._html_mark(), TEXT: ("*", "*")}

    def render(self, part: str, format: str, context: Mapping[str, Any], names: Names | None = None) -> str:
        """A part with its slots, blocks and words still marked. Raises WordingError.

        `names` are what it may name; None: what that part of a digest may.
        """
        template = self._templates.get((part, format))
        if template is None:
            raise WordingError(f"{self.kind}/{part}.{format} is missing")
        names = names or of_digest(part)
        when, each = _Blocks(WHEN, names.conditions, format), _Blocks(EACH, names.repetitions, format)
        try:
            return template.render(context, slot=_Slots(names.slots, format), when=when, each=each)
        except WordingError as error:
            raise WordingError(f"{self.kind}/{part}.{format}: {error}") from None
        except Exception as error:
            raise WordingError(f"{self.kind}/{part}.{format}: {type(error).__name__}: {error}") from error

    def frame(self, format: str, context: Mapping[str, Any], names: Names | None = None) -> tuple[str, str]:
        """Head and foot (empty where the kind has none), the style sheet written into their elements.

        They are one document: the head leaves open what the foot closes.
        """
        has_foot = ("foot", format) in self._templates
        head = self.render("head", format, context, names)
        foot = self.render("foot", format, context, names) if has_foot else ""
        if format == TEXT:
            return head, foot
        before, _, after = self._inliner.document(head + MIDDLE + foot).partition(MIDDLE)
        return before, after + "\n"

    def fragment(self, part: str, format: str, context: Mapping[str, Any]) -> str:
        """A part that is whole in itself: a section, a card."""
        rendered = self.render(part, format, context)
        return rendered if format == TEXT else self._inliner.fragment(rendered)

    def _compiled(self, part: Part) -> Template:
        try:
            return _ENVIRONMENTS[part.format].from_string(part.body)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            place = f", line {line}" if line else ""
            raise WordingError(f"{part.kind}/{part.part}.{part.format}{place}: {error}") from None

    def _html_mark(self) -> tuple[str, str]:
        before, _, after = self._inliner.fragment(MIDDLE.join(MARK)).partition(MIDDLE)
        return before, after


class _Inliner:
    """Writes a style sheet into the elements of a mail; nothing is loaded from anywhere."""

    def __init__(self, style: str) -> None:
        self._style = style
        self._inliner = CSSInliner(
            keep_style_tags=True, minify_css=True, load_remote_stylesheets=False, extra_css=style
        )
        self._fragments = CSSInliner(minify_css=True, load_remote_stylesheets=False)

    def document(self, html: str) -> str:
        return self._inliner.inline(html).replace(KEEP, "")

    def fragment(self, html: str) -> str:
        return self._fragments.inline_fragment(html, self._style)


class _Slots:
    """`slot.name` in a template: a mark that is cut out later."""

    def __init__(self, known: Iterable[str], format: str) -> None:
        self._known = frozenset(known)
        self._markup: Callable[[str], str] = Markup if format == HTML else str

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._known:
            raise WordingError(f"there is no slot {name!r} here; there are {', '.join(sorted(self._known))}")
        return self._markup(f"{SLOT}{name}{END}")


class _Blocks:
    """`{% call when("name") %}...{% endcall %}`: text between two marks (comments in HTML, so that they may stand
    between the rows of a table)."""

    def __init__(self, kind: str, known: Iterable[str], format: str) -> None:
        self._kind = kind
        self._known = frozenset(known)
        self._around = ("<!--", "-->") if format == HTML else ("", "")
        self._markup: Callable[[str], str] = Markup if format == HTML else str

    def __call__(self, name: str, caller: Callable[[], str]) -> str:
        if name not in self._known:
            raise WordingError(f"there is no block {name!r} here; there are {', '.join(sorted(self._known))}")
        before, after = self._around
        return self._markup(f"{before}{self._kind}{name}{END}{after}{caller()}{before}{DONE}{END}{after}")


def _wrapped(text: str, indent: int = 0) -> str:
    """The filter `wrap`: lines of 72 columns; less where marks may come to stand in them."""
    return wrap(text, indent, MARKED_WIDTH if SHUT in text else WIDTH)


def _environment(autoescape: bool) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrap"] = _wrapped
    return environment


_ENVIRONMENTS = {HTML: _environment(True), TEXT: _environment(False)}
