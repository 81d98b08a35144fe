"""Templates in Jinja2's sandbox, and the style sheet written into what they make. Pure.

The sandbox keeps a template from code; it does not bound its time and memory: for that see `limited`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from css_inline import CSSInliner
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from digest.mail.form import DONE, EACH, END, MIDDLE, SLOT, WHEN
from digest.mail.part import CSS, STYLE, Part, Place, WordingError
from digest.mail.slots import HTML, TEXT, Names
from digest.mail.span import SHUT
from digest.mail.wrap import MARKED_WIDTH, WIDTH, wrap

KEEP = ' data-css-inline="ignore"'  # css-inline leaves a <style> with it alone
MARK = '<b class="m">', "</b>"
OUTPUT_MOST = 200_000  # characters of a rendered part: twice what a whole mail may have
NUMBER_MOST, POWER_MOST = 10**15, 64  # of a product, and of an exponent

# Not in a template: what takes the escaping off, what writes by a pattern of any width, what chance decides (a
# retry is the same bytes), and attributes by a computed name.
WITHOUT_FILTERS = ("safe", "format", "random", "pprint", "attr")
WITHOUT_GLOBALS = ("lipsum",)


class Compiled:
    """One set of parts of one kind, compiled in this process. WordingError when a part doesn't compile."""

    def __init__(self, parts: Sequence[Part], style: str = "") -> None:
        sheet = next((part.body for part in parts if part.place == (STYLE, CSS)), "")
        self._inliner = Inliner(style or sheet)
        self._kind = parts[0].kind
        self._templates = {part.place: compiled(part) for part in parts if part.format != CSS}

    def render(self, part: str, format: str, context: Mapping[str, Any], names: Names) -> str:
        """A part with its slots, blocks and words still marked."""
        template = self._templates.get((part, format))
        if template is None:
            raise WordingError(f"{self._kind}/{part}.{format} is missing")
        when, each = _Blocks(WHEN, names.conditions, format), _Blocks(EACH, names.repetitions, format)
        try:
            return bounded(template.generate(context, slot=_Slots(names.slots, format), when=when, each=each))
        except Exception as error:
            raise self._named(error, (part, format)) from error

    def fragment(self, part: str, format: str, context: Mapping[str, Any], names: Names) -> str:
        """A part that is whole in itself, with the style sheet written into its elements."""
        rendered = self.render(part, format, context, names)
        return rendered if format == TEXT else self._inliner.fragment(rendered)

    def document(self, html: str) -> str:
        """A whole page with the style sheet written into its elements."""
        return self._inliner.document(html)

    def mark(self) -> str:
        """What stands around a marked word in HTML, with a private character for the word."""
        return self._inliner.fragment(MIDDLE.join(MARK))

    def _named(self, error: Exception, place: Place) -> WordingError:
        line = _line(error)
        said = str(error) if isinstance(error, WordingError) else f"{type(error).__name__}: {error}"
        spent = isinstance(error, MemoryError) or (isinstance(error, WordingError) and error.spent)
        where = f", line {line}" if line else ""
        return WordingError(f"{self._kind}/{'.'.join(place)}{where}: {said}", place, spent)


def bounded(pieces: Iterable[str]) -> str:
    """The pieces as one text. WordingError when it grows too long."""
    kept: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > OUTPUT_MOST:
            raise WordingError(f"it writes more than {OUTPUT_MOST:,} characters", spent=True)
        kept.append(piece)
    return "".join(kept)


def compiled(part: Part) -> Template:
    """The template of a part. WordingError with the line that is wrong."""
    try:
        return ENVIRONMENTS[part.format].from_string(part.body)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise WordingError(f"{part}{f', line {line}' if line else ''}: {error}", part.place) from None
    except Exception as error:  # constants are worked out when a template is compiled
        spent = isinstance(error, MemoryError)
        raise WordingError(f"{part}: {type(error).__name__}: {error}", part.place, spent) from None


def _line(error: BaseException) -> int | None:
    """The line of the template that raised: Jinja2 puts frames of the template's own lines into the traceback."""
    found, trace = None, error.__traceback__
    while trace is not None:
        if "__jinja_exception__" in trace.tb_frame.f_globals:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


class Inliner:
    """Writes a style sheet into the elements of a mail; nothing is loaded from anywhere."""

    def __init__(self, style: str) -> None:
        self._style = style
        self._inliner = CSSInliner(
            keep_style_tags=True, minify_css=True, load_remote_stylesheets=False, extra_css=style
        )
        self._fragments = CSSInliner(minify_css=True, load_remote_stylesheets=False)

    def document(self, html: str) -> str:
        """A page."""
        return self._inliner.inline(html).replace(KEEP, "")

    def fragment(self, html: str) -> str:
        """A part of one."""
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


class Sandbox(SandboxedEnvironment):
    """Jinja2's sandbox without what repeats a text at will: `*`, `**` and `%` are for numbers, and small ones."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Jinja2 asks here for each of these operators, also of constants."""
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(f"{operator} is for numbers")
        if operator == "**" and (abs(right) > POWER_MOST or abs(left) > NUMBER_MOST):
            raise SecurityError("this power is too large")
        made = super().call_binop(context, operator, left, right)
        if abs(made) > NUMBER_MOST:
            raise SecurityError(f"what {operator} gives is too large")
        return made


def _wrapped(text: str, indent: int = 0) -> str:
    """The filter `wrap`: lines of 72 columns; less where marks may come to stand in them."""
    return wrap(text, indent, MARKED_WIDTH if SHUT in text else WIDTH)


def _environment(autoescape: bool) -> Sandbox:
    environment = Sandbox(
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        cache_size=0,
    )
    environment.filters["wrap"] = _wrapped
    for name in WITHOUT_FILTERS:
        del environment.filters[name]
    for name in WITHOUT_GLOBALS:
        del environment.globals[name]
    return environment


ENVIRONMENTS = {HTML: _environment(True), TEXT: _environment(False)}
