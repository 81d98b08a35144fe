"""Templates that try to run code or to exhaust the machine: invented here, and the collections where they are."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.listings import BESIDE

FOLDER = Path(os.environ.get("PAYLOADS", "") or BESIDE.parent / "payloads")

ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ().__class__.__base__ }}",
    "{{ slot.__class__ }}",
    "{{ slot.__init__.__globals__ }}",
    "{{ when.__globals__ }}",
    "{{ site.__class__.__init__.__globals__ }}",
    "{{ site['__class__'] }}",
    "{{ site|attr('__class__') }}",
    "{{ ('{0.__class__}'|format)(1) }}",
    "{{ '{0.__class__.__mro__}'.format(site) }}",
    "{{ '{x.__class__}'.format_map({'x': site}) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(1) }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ range.__self__ }}",
    "{{ dict.__base__.__subclasses__() }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__ }}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% for f in [1]|map('__class__') %}{{ f }}{% endfor %}",
    "{{ [site]|map(attribute='__class__')|list }}",
    "{{ [site]|groupby('__class__') }}",
    "{{ [site]|sort(attribute='__class__') }}",
    "{{ (site.items|list).__iter__ }}",
    "{{ loop.__class__ }}",
    "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{% import 'os' as os %}",
    "{% extends '/etc/passwd' %}",
    "{% from 'x' import y %}",
]
BOMBS = [
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ [0] * 10 ** 9 }}",
    "{{ ('%' ~ '999999999d') % 1 }}",
    "{{ 'a'|center(10 ** 9) }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{{ 'x'.ljust(10 ** 9)|length }}",
    "{% for i in range(99999) %}{{ 'x'.ljust(100) }}{% endfor %}",
    "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "{% set l = [] %}{% for i in range(99999) %}{% for j in range(99999) %}{% set _ = l.append(i) %}"
    "{% endfor %}{% endfor %}",
    "{{ range(90000)|map('string')|join|list|sort|batch(1)|list|map('join')|map('replace', '1', '11111111')|join }}",
]


def collected(name: str) -> list[str]:
    """A collection of templates; [] on a machine that has none."""
    file = FOLDER / f"template_{name}.json"
    return list(json.loads(file.read_text())) if file.exists() else []
