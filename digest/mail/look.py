"""What a template names, told from its text alone: also in branches that no sample reaches. Pure.

It runs in the limited process, as everything that reads an operator's template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import TemplateError, meta, nodes

from digest.mail.part import Part
from digest.mail.sandbox import ENVIRONMENTS, Sandbox
from digest.mail.slots import Names

_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)

Data = Mapping[str, Mapping[str, str]]
Finding = tuple[int, str]  # line, what is wrong there


def look(part: Part, names: Names, data: Data) -> list[Finding]:
    """All that is wrong with a template before it is rendered, by line."""
    environment = ENVIRONMENTS[part.format]
    try:
        tree = environment.parse(part.body)
        return sorted({*_findings(tree, names, data), *_unknown(tree, data, environment)})
    except TemplateError as error:
        return [(getattr(error, "lineno", None) or 1, str(error))]


def _findings(tree: nodes.Template, names: Names, data: Data) -> Iterator[Finding]:
    for node in tree.find_all(_ELSEWHERE):
        yield node.lineno, "a part stands alone: it can't take in other files"
    for node in tree.find_all((nodes.ScopedEvalContextModifier, nodes.EvalContextModifier)):
        yield node.lineno, "the escaping can't be turned off"
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name):
            yield from _attribute(attribute.node.name, attribute, names, data)
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("when", "each"):
            yield from _block(call.node.name, call, names)


def _attribute(owner: str, node: nodes.Getattr, names: Names, data: Data) -> Iterator[Finding]:
    known = names.slots if owner == "slot" else data.get(owner)
    if known is not None and node.attr not in known:
        yield node.lineno, f"there is no {owner}.{node.attr} here; there are {', '.join(sorted(known))}"


def _block(sort: str, call: nodes.Call, names: Names) -> Iterator[Finding]:
    known = names.conditions if sort == "when" else names.repetitions
    name = call.args[0].value if call.args and isinstance(call.args[0], nodes.Const) else None
    if name not in known:
        yield call.lineno, f"there is no {sort}({name!r}) here; there are {', '.join(sorted(known)) or 'none'}"


def _unknown(tree: nodes.Template, data: Data, environment: Sandbox) -> Iterator[Finding]:
    known = {*data, "slot", "when", "each", *environment.globals}
    unknown = meta.find_undeclared_variables(tree) - known
    for name in sorted(unknown):
        lines = [node.lineno for node in tree.find_all(nodes.Name) if node.name == name]
        yield min(lines, default=1), f"there is no {name!r} here; there are {', '.join([*sorted(data), 'slot'])}"
