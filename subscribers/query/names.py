"""How papers and arXiv's categories are named, in one spelling: for filters and for papers alike. Pure.

An arXiv id is `2401.01234`, or `hep-th/9901001` until March 2007 (https://info.arxiv.org/help/arxiv_identifier.html);
a category is `cs.LG` or, in an archive without classes, `hep-th` (https://arxiv.org/category_taxonomy).
"""

from __future__ import annotations

import re

ARXIV_ID = re.compile(
    r"(?:arxiv:)?(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?P<version>v\d+)?", re.ASCII | re.IGNORECASE
)
BARE_ID = re.compile(r"\d\d(?:0[1-9]|1[0-2])\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[a-z]{2})?/\d{7}(?:v\d+)?", re.ASCII | re.I)
ARXIV_DOI = "10.48550/arxiv."
RESOLVER = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:)", re.IGNORECASE)
CATEGORY = re.compile(r"(?P<archive>[a-z][a-z-]*)(?:\.(?P<part>\*|[a-z][a-z-]*))?", re.ASCII | re.IGNORECASE)
_DIVIDED = "astro-ph cond-mat cs econ eess math nlin physics q-bio q-fin stat"
DIVIDED = frozenset(_DIVIDED.split())  # the archives that have classes


def arxiv_id(text: str) -> str:
    """The id without version and, in old ones, without class; "" when the text is none."""
    found = ARXIV_ID.fullmatch(text)
    if found is None:
        return ""
    archive, slash, number = found["id"].lower().partition("/")
    return f"{archive.partition('.')[0]}/{number}" if slash else archive


def is_bare_id(text: str) -> bool:
    """Can a word without a field only be meant as an arXiv id? (1234.5678 is none: there is no month 34.)"""
    return BARE_ID.fullmatch(text) is not None


def paper_key(text: str) -> str:
    """A paper's public key: its arXiv id, else its DOI, else `source:guid` as it is; "" when the text is no key."""
    name = " ".join(text.split())
    doi = RESOLVER.sub("", name, count=1) if RESOLVER.match(name) else name
    doi = doi.lower()
    if doi.startswith(ARXIV_DOI):
        return arxiv_id(doi.removeprefix(ARXIV_DOI))
    if doi.startswith("10.") and "/" in doi:
        return doi
    return arxiv_id(name) or (name if ":" in name.strip(":") else "")


def category(text: str) -> str:
    """A category as arXiv writes it (`cs.LG`, `cond-mat.str-el`), `cs.*` for all of an archive; "" when it is none."""
    found = CATEGORY.fullmatch(text)
    if found is None:
        return ""
    archive, part = found["archive"].lower(), found["part"] or ""
    return f"{archive}.{part.upper() if len(part) == 2 else part.lower()}" if part else archive


def category_names(text: str) -> tuple[str, ...]:
    """The names by which a filter may ask for a category: `cs.LG` and `cs.*`; none for another kind of label."""
    name = category(text)
    archive = name.partition(".")[0]
    return (name, f"{archive}.*") if name else ()
