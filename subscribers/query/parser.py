"""A filter text becomes a query. Pure.

The grammar (grammar.lark) is LALR, so parsing needs no recursion; reading the tree recurses as deep as the
brackets, whose depth is checked before. The work is bounded by the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken

from subscribers.query.canonical import canonical, normal
from subscribers.query.dates import between
from subscribers.query.errors import QueryError
from subscribers.query.explain import explain
from subscribers.query.fields import field_named, field_tagged
from subscribers.query.nodes import And, Not, Or, Query
from subscribers.query.notes import Notes, Term
from subscribers.query.terms import TEXT_FIELDS, WIDEST, clause
from subscribers.query.typed import STORED, TYPED, Limits, check, check_length, cleaned

GRAMMAR = Lark.open("grammar.lark", rel_to=__file__, parser="lalr", lexer="basic")
PROXIMITY = re.compile(r"([a-z]+):~([0-9]{1,9})", re.IGNORECASE)
QUOTED = re.compile(r'"[^"]*"')
LONE_DASH = re.compile(r"(^|\s)-+(\s|$)")
NEGATIONS = {"NOT", "ANDNOT", "MINUS", "BANG"}

_SIGN = ("“{}” can't stand here", "it goes before the whole term: -title:survey")
_OPERATOR = ("“{}” needs a term on both sides", "remove “{}”, or add a term")
# What to say, and how to mend it, about a token where it can't stand.
MISPLACED = {
    "$END": ("something is missing at the end", "add a word, or remove what asks for one"),
    "CLOSE": ("something is missing before this bracket", "add a word, or remove what asks for one"),
    "OR": _OPERATOR,
    "AND": _OPERATOR,
    "NEAR": ("“{}” goes behind a phrase", 'for example "cache eviction"{}'),
    "TAG": ("“{}” has no term before it", "a tag goes right behind a term: cache[ti]"),
    "FIELD": ("a field can't hold another field", "write “{}” as a term of its own"),
    **dict.fromkeys((*NEGATIONS, "PLUS"), _SIGN),
}

_Branch = Tree[Token]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text means; `notices` name spellings that were rewritten, `warnings` what is valid but odd."""

    query: Query
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def parse(text: str, *, stored: bool = False) -> Parsed:
    """The query of a filter text. `stored`: the text is a canonical form, which may be longer than what
    people may type. Raises QueryError."""
    limits = STORED if stored else TYPED
    check_length(text, limits)
    clean, notices = cleaned(text)
    check(clean, limits)
    reader = _Reader(limits, Notes(list(notices)))
    query = reader.query(_tree(clean))
    if query is None:
        raise QueryError("there is nothing to look for", 0, "write a word, or * for every paper")
    if LONE_DASH.search(QUOTED.sub('""', clean)):
        reader.notes.warn("a dash alone is left out; an exclusion is written -survey, without a space")
    _remark(query, reader.notes)
    return Parsed(query, tuple(reader.notes.notices), tuple(reader.notes.warnings))


def _remark(query: Query, notes: Notes) -> None:
    if not _positive(normal(query)):
        notes.warn(f"only exclusions: this is {explain(query)}")


def _positive(query: Query) -> bool:
    """Is anything asked for, outside every NOT?"""
    if isinstance(query, And | Or):
        return any(_positive(part) for part in query.parts)
    return not isinstance(query, Not)


def _tree(text: str) -> _Branch:
    try:
        return GRAMMAR.parse(text)
    except UnexpectedToken as error:
        raise _misplaced(text, error.token) from None
    except UnexpectedCharacters as error:
        hint = "a tag goes behind a term: cache[ti]; to look for the text itself, put it in quotes"
        raise QueryError("this square bracket encloses no tag", cast(int, error.pos_in_stream), hint) from None


def _misplaced(text: str, token: Token) -> QueryError:
    """What to say about a token that can't stand where it stands."""
    value = str(token)
    place = len(text.rstrip()) if token.type == "$END" else token.start_pos or 0
    message, hint = MISPLACED.get(token.type, ("“{}” can't stand here", "put what you look for in quotes"))
    return QueryError(message.format(value), place, hint.format(value))


class _Reader:
    """Reads the tree of one text."""

    def __init__(self, limits: Limits, notes: Notes) -> None:
        self.limits = limits
        self.notes = notes
        self.terms = 0

    def query(self, tree: _Branch) -> Query | None:
        return self._either(_branches(tree)[0], "")

    def _either(self, tree: _Branch, field: str) -> Query | None:
        alternatives = _branches(tree)
        parts = tuple(part for part in (self._all(branch, field) for branch in alternatives) if part is not None)
        if len(parts) < 2:
            return parts[0] if parts else None
        query = Or(parts)
        if any(len(_branches(branch)) > 1 for branch in alternatives):
            meant = f"AND binds before OR (PubMed reads from left to right): this is {canonical(query)}"
            self.notes.warn(f"{meant}; set brackets to say otherwise")
        return query

    def _all(self, tree: _Branch, field: str) -> Query | None:
        parts = tuple(part for part in (self._term(branch, field) for branch in _branches(tree)) if part is not None)
        if len(parts) < 2:
            return parts[0] if parts else None
        return And(parts)

    def _term(self, tree: _Branch, field: str) -> Query | None:
        *signs, atom = _branches(tree)
        negations = 0
        for sign in signs:
            token = _tokens(sign)[0]
            negations += token.type in NEGATIONS
            if token.type in ("ANDNOT", "BANG"):
                self.notes.notice(f"“{token}” is written - here")
        query = self._atom(atom, field)
        return Not(query) if query is not None and negations % 2 else query

    def _atom(self, tree: _Branch, field: str) -> Query | None:
        if tree.data == "group":
            return self._either(_branches(tree)[0], self._tagged(tree, field)[0])
        if tree.data == "plain":
            return self._plain(tree, field)
        return self._fielded(tree, field)

    def _fielded(self, tree: _Branch, outer: str) -> Query | None:
        name = _tokens(tree)[0]
        field, notice = field_named(str(name)[:-1], name.start_pos or 0)
        self.notes.notice(notice)
        if outer and field != outer:
            hint = f"write “{name}” as a term of its own"
            raise QueryError(f"{outer}: can't hold another field", name.start_pos or 0, hint)
        branches = _branches(tree)
        if not branches:
            return self._in_brackets(_tokens(tree)[1], field)
        query = self._atom(branches[0], field)
        if query is None:
            raise QueryError(f"{name} needs a word", name.start_pos or 0, "write it right behind the colon")
        return query

    def _in_brackets(self, tag: Token, field: str) -> Query | None:
        """A field and square brackets: dates, as arXiv writes them."""
        if field != "published":
            raise _misplaced("", tag)
        term = Term(str(tag), tag.start_pos or 0, field)
        return self._counted(term, between(term.text[1:-1], term, self.notes))

    def _plain(self, tree: _Branch, field: str) -> Query | None:
        tokens = {token.type: token for token in _tokens(tree)}
        body = tokens["STRING"] if "STRING" in tokens else tokens["WORD"]
        inner, within = self._tagged(tree, field)
        if "NEAR" in tokens:
            within = int(tokens["NEAR"][1:9])
        if within is not None and within > WIDEST:
            raise QueryError(
                f"at most {WIDEST} words may stand between", body.start_pos or 0, f"write ~{WIDEST} or less"
            )
        quoted = body.type == "STRING"
        term = Term(
            text=str(body)[1:-1] if quoted else str(body),
            position=body.start_pos or 0,
            field=inner,
            quoted=quoted,
            exact="EXACT" in tokens,
            within=within,
        )
        return self._counted(term, clause(term, self.notes))

    def _counted(self, term: Term, query: Query | None) -> Query | None:
        self.terms += query is not None
        if self.terms > self.limits.terms:
            hint = "split the filter into several topics"
            raise QueryError(f"the filter has more than {self.limits.terms} terms", term.position, hint)
        return query

    def _tagged(self, tree: _Branch, field: str) -> tuple[str, int | None]:
        """The field and the nearness that a tag behind a term says."""
        tags = [token for token in _tokens(tree) if token.type == "TAG"]
        if not tags:
            return field, None
        place = tags[0].start_pos or 0
        typed = str(tags[0])[1:-1].strip()
        near = PROXIMITY.fullmatch(typed)
        inner, notice = field_tagged(near[1] if near else typed, place)
        self.notes.notice(notice)
        if field and inner != field:
            raise QueryError(f"{field}: can't hold another field", place, "remove the tag")
        if near and inner in TEXT_FIELDS and tree.data == "plain":
            self.notes.notice(f"“[{typed}]” is written ~{int(near[2])} here")
            return inner, int(near[2])
        return inner, None


def _branches(tree: _Branch) -> list[_Branch]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _tokens(tree: _Branch) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]
