"""A rendered wording as a form: constant bytes, and places to fill for each reader. Pure.

A template writes `{{ slot.name }}` where something differs per reader, `{% call when("name") %}` around what
stands there only for some, `{% call each("name") %}` around what is repeated. They come out of Jinja2 and
css-inline as marks of private characters, at which `cut` cuts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from digest.mail.quoted import decoded, encoded
from digest.mail.span import SHUT, Span, unbracketed

SLOT, END, WHEN, EACH, DONE, MIDDLE = "\ue0b0", "\ue0b1", "\ue0b2", "\ue0b3", "\ue0b7", "\ue0b8"
_CUTS = re.compile(f"(?:<!--)?([{SLOT}{WHEN}{EACH}{DONE}])([a-z_]*){END}(?:-->)?")
_BLOCKS = frozenset({WHEN, EACH})

# Slots to encoded bytes, conditions to bool, repetitions to lists of further values.
Values = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class When:
    """What stands there or doesn't."""

    name: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """What stands there once for each row, with its values."""

    name: str
    form: Form


Node = bytes | str | When | Each
Getter = Callable[[Any], Sequence[Any]]


class Form:
    """Nodes to fill. Filling copies a list of pieces and puts the values in; for each set of conditions that
    comes up the list is made once."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = tuple(nodes)
        self.names = frozenset(_names(self.nodes))
        conditions, repetitions = _blocks(self.nodes)
        self.conditions = tuple(dict.fromkeys(conditions))
        self.repetitions = tuple(repetitions)
        self._hold = _getter(self.conditions)
        self._made: dict[Sequence[Any], tuple[list[bytes], Getter]] = {}

    def fill(self, values: Values, out: list[bytes]) -> None:
        """Appends the bytes. KeyError when a value is missing; values that aren't named are left alone."""
        for each in self.repetitions:
            values[each] = _joined(each.form, values, values[each.name])
        held = self._hold(values)
        constant, slots = self._made.get(held) or self._make(held)
        pieces = constant.copy()
        pieces[1::2] = slots(values)
        out += pieces

    def filled(self, values: Values) -> bytes:
        """The bytes alone."""
        out: list[bytes] = []
        self.fill(values, out)
        return b"".join(out)

    def size(self, bounds: Mapping[str, int]) -> int:
        """An upper bound of the decoded bytes.

        `bounds` gives the most bytes of each slot, and how often a repetition stands there at most.
        """
        return _size(self.nodes, bounds)

    def apart(self, held: Sequence[bool]) -> tuple[list[bytes], list[str | Each]]:
        """For these values of the conditions the pieces, with one left empty at each odd place, and what goes there."""
        flat = _flat(self.nodes, {name for name, holds in zip(self.conditions, held, strict=True) if holds})
        pieces, slots = [b""], []
        for node in flat:
            if isinstance(node, bytes):
                pieces[-1] += node
            else:
                slots.append(node)
                pieces += [b"", b""]
        return pieces, slots

    def _make(self, held: Sequence[bool]) -> tuple[list[bytes], Getter]:
        pieces, slots = self.apart(held)
        made = self._made[held] = pieces, _getter(slots)
        return made


def _joined(form: Form, values: Values, rows: Iterable[Values]) -> bytes:
    out: list[bytes] = []
    for row in rows:
        form.fill(row if form.names <= row.keys() else {**values, **row}, out)
    return b"".join(out)


def _names(nodes: Iterable[Node]) -> set[str]:
    """The names of everything that has to be filled in."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, str):
            found.add(node)
        elif isinstance(node, When):
            found |= {node.name} | _names(node.nodes)
        elif isinstance(node, Each):
            found |= {node.name} | node.form.names
    return found


def _getter(keys: Sequence[Any]) -> Getter:
    """What takes the values under these keys, as a sequence."""
    if not keys:
        return _nothing
    if len(keys) == 1:
        (key,) = keys
        return lambda values: (values[key],)
    return itemgetter(*keys)


def _nothing(_: object) -> Sequence[Any]:
    return ()


def _blocks(nodes: Iterable[Node]) -> tuple[list[str], list[Each]]:
    """Conditions and repetitions among the nodes, not those inside a repetition."""
    conditions: list[str] = []
    repetitions: list[Each] = []
    for node in nodes:
        if isinstance(node, When):
            inner, repeated = _blocks(node.nodes)
            conditions += [node.name, *inner]
            repetitions += repeated
        elif isinstance(node, Each):
            repetitions.append(node)
    return conditions, repetitions


def _flat(nodes: Iterable[Node], holding: set[str]) -> list[bytes | str | Each]:
    flat: list[bytes | str | Each] = []
    for node in nodes:
        if not isinstance(node, When):
            flat.append(node)
        elif node.name in holding:
            flat += _flat(node.nodes, holding)
    return flat


def _size(nodes: Iterable[Node], bounds: Mapping[str, int]) -> int:
    total = 0
    for node in nodes:
        if isinstance(node, bytes):
            total += len(decoded(node))
        elif isinstance(node, str):
            total += bounds[node]
        elif isinstance(node, When):
            total += _size(node.nodes, bounds)
        else:
            total += bounds[node.name] * node.form.size(bounds)
    return total


def cut(rendered: str, encode: Callable[[str], bytes] = encoded) -> Form:
    """The form of a rendered wording. ValueError when a block is not closed."""
    return Form(_nodes(rendered, encode))


def cut_at_words(rendered: str, span: Callable[[str], Span]) -> list[Form | Span]:
    """A rendered card as forms, and spans whose words can be marked (those inside a block can't)."""
    found: list[Form | Span] = []
    nodes: list[Node] = []
    for node in _nodes(rendered, encoded, span):
        if isinstance(node, Span):
            found += [Form(nodes), node] if nodes else [node]
            nodes = []
        else:
            nodes.append(node)
    return [*found, Form(nodes)] if nodes else found


@dataclass
class _Open:
    """A block that is being read."""

    kind: str = ""
    name: str = ""
    nodes: list[Any] = field(default_factory=list)

    def closed(self) -> Node:
        return When(self.name, tuple(self.nodes)) if self.kind == WHEN else Each(self.name, Form(self.nodes))


def _nodes(rendered: str, encode: Callable[[str], bytes], span: Callable[[str], Span] | None = None) -> list[Any]:
    stack = [_Open()]
    tokens = _CUTS.split(rendered)
    for text, kind, name in zip(tokens[::3], [*tokens[1::3], ""], [*tokens[2::3], ""], strict=True):
        if text:
            markable = span is not None and SHUT in text and len(stack) == 1
            stack[-1].nodes.append(span(text) if span and markable else encode(unbracketed(text)))
        if kind == SLOT:
            stack[-1].nodes.append(name)
        elif kind in _BLOCKS:
            stack.append(_Open(kind, name))
        elif kind == DONE and len(stack) > 1:
            block = stack.pop()
            stack[-1].nodes.append(block.closed())
    if len(stack) > 1:
        raise ValueError(f"the block {stack[-1].name!r} is not closed")
    return stack[0].nodes
