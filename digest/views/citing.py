r"""Papers as BibTeX and RIS, for reference managers. Pure.

BibTeX: keys are ASCII and unique in a file; the ten signs that TeX takes for its own (& % $ # _ { } ~ ^ \) are
escaped, braces by their names: BibTeX counts each brace that it meets, also one behind a backslash. Titles stand in
double braces, so that their capitals are kept. Letters of other alphabets stay as they are (UTF-8), as biber and every
BibTeX of this century read them. An URL is verbatim there, so in it only what would end the field is percent-encoded.
RIS: two letters, two spaces, a hyphen, a space; lines end with CRLF
(https://en.wikipedia.org/wiki/RIS_(file_format), the 2011 specification).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import count
from string import ascii_lowercase

from digest.mail.foreign import clean
from digest.sources.listing import Facts, one_line
from subscribers.query.folding import LETTERS
from subscribers.query.tex import readable

ESCAPED = str.maketrans(
    {sign: f"\\{sign}" for sign in "&%$#_"}
    | {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)
IN_URL = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C", " ": "%20", '"': "%22"})
SMALL = frozenset({"a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "or", "the", "to", "with"})
WORD = re.compile(r"[a-z0-9]+")


def bibtex(papers: Sequence[Facts]) -> str:
    """A file with an entry for each paper, in order."""
    keys = _keys(papers)
    return "\n".join(_bibtex(facts, key) for facts, key in zip(papers, keys, strict=True))


def ris(papers: Iterable[Facts]) -> str:
    """A file with a record for each paper, in order."""
    return "".join(_record(facts) for facts in papers)


def _bibtex(facts: Facts, key: str) -> str:
    fields = {
        "title": f"{{{_escaped(_plain(facts.title))}}}",
        "author": " and ".join(_bibtex_name(name) for name in map(_plain, facts.authors) if name),
        "year": _year(facts),
        "month": facts.published[5:7].lstrip("0"),
        "journal": _escaped(_plain(facts.journal)),
        "eprint": facts.arxiv,
        "archiveprefix": "arXiv" if facts.arxiv else "",
        "primaryclass": _escaped(facts.primary) if facts.arxiv else "",
        "doi": facts.doi.translate(IN_URL),
        "url": _url(facts).translate(IN_URL),
    }
    said = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{'article' if facts.journal else 'misc'}{{{key},\n{said}\n}}\n"


def _record(facts: Facts) -> str:
    rows = [
        ("TY", "JOUR" if facts.journal else "UNPB"),
        ("ID", one_line(clean(facts.key))),
        ("TI", _plain(facts.title)),
        *(("AU", _family_first(name)) for name in map(_plain, facts.authors) if name),
        ("PY", _year(facts)),
        ("DA", f"{facts.published.replace('-', '/')}/" if facts.published else ""),
        ("JO", _plain(facts.journal)),
        ("PB", "arXiv" if facts.arxiv and not facts.journal else ""),
        ("AB", _plain(facts.abstract)),
        *(("KW", _plain(word)) for word in facts.keywords),
        ("DO", facts.doi),
        ("UR", _url(facts)),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in rows if value) + "ER  - \r\n"


def _plain(text: str) -> str:
    """In one line, TeX as a reader sees it, without signs that nobody sees."""
    return one_line(clean(readable(text)))


def _escaped(text: str) -> str:
    return text.translate(ESCAPED)


def _bibtex_name(name: str) -> str:
    """A name that holds what BibTeX takes for grammar stands in braces."""
    escaped = _escaped(name)
    grammar = "," in name or " and " in f" {name.lower()} " or name.lower() == "others"
    return f"{{{escaped}}}" if grammar else escaped


def _family_first(name: str) -> str:
    given, _, family = name.rpartition(" ")
    return f"{family}, {given}" if given and "," not in name else name


def _year(facts: Facts) -> str:
    return (facts.published or facts.listed)[:4]


def _url(facts: Facts) -> str:
    if facts.arxiv:
        return f"https://arxiv.org/abs/{facts.arxiv}"
    return one_line(clean(f"https://doi.org/{facts.doi}" if facts.doi else facts.link))


def _keys(papers: Sequence[Facts]) -> list[str]:
    """Family name, year and first word of the title; a letter behind keys that would be the same."""
    used: set[str] = set()
    keys = []
    for facts in papers:
        base = _key(facts)
        key = next(key for key in (f"{base}{more}" for more in _suffixes()) if key not in used)
        used.add(key)
        keys.append(key)
    return keys


def _suffixes() -> Iterable[str]:
    yield ""
    yield from ascii_lowercase
    yield from (f"-{number}" for number in count(27))


def _key(facts: Facts) -> str:
    family = "".join(WORD.findall(_ascii(facts.authors[0].rpartition(" ")[2]))) if facts.authors else ""
    words = [word for word in WORD.findall(_ascii(readable(facts.title))) if word not in SMALL]
    return f"{family or 'anon'}{_year(facts)}{words[0] if words else ''}"


def _ascii(text: str) -> str:
    """Small letters without accents; what has no such form is left out."""
    taken_apart = unicodedata.normalize("NFKD", text.lower().translate(LETTERS))
    return taken_apart.encode("ascii", "ignore").decode()
