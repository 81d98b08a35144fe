"""Whether a rendered part names only what will be filled in where it stands. Pure.

A template can write `slot.page` anywhere, and the mark of a slot as plain characters. A name that nobody fills in
would stop every letter at once; so what operators' templates make is looked over before it is used.
"""

from __future__ import annotations

from collections.abc import Iterable

from digest.mail.form import Each, Node, When, cut
from digest.mail.slots import Names


def astray(rendered: str, names: Names) -> str:
    """What is wrong with a rendered part, or ""."""
    try:
        nodes = cut(rendered, encode=str.encode).nodes
    except ValueError as error:
        return f"what it writes can't be read: {error}"
    inner = frozenset[str]().union(*(names.rows(name) for name in names.repetitions))
    return _astray(nodes, names, names.everywhere(), inner)


def _astray(nodes: Iterable[Node], names: Names, known: frozenset[str], inner: frozenset[str]) -> str:
    for node in nodes:
        name = "" if isinstance(node, bytes) else node if isinstance(node, str) else node.name
        if isinstance(node, Each) and name not in names.repetitions:
            return f"there is no repetition {name!r} here"
        if isinstance(node, str | When) and name not in known:
            return f"{name!r} is known inside {_homes(name, names)} only" if name in inner else f"no {name!r} here"
        below = _below(node, names, known, inner)
        if below:
            return below
    return ""


def _below(node: Node, names: Names, known: frozenset[str], inner: frozenset[str]) -> str:
    if isinstance(node, When):
        return _astray(node.nodes, names, known, inner)
    if isinstance(node, Each):
        return _astray(node.form.nodes, names, known | names.rows(node.name), inner)
    return ""


def _homes(name: str, names: Names) -> str:
    return " and ".join(f'each("{each}")' for each in names.repetitions if name in names.rows(each))
