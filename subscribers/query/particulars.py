"""What a filter asks of a paper beside its words: names, categories, keywords, identity, flags. Pure."""

from __future__ import annotations

import re

from subscribers.query.errors import QueryError
from subscribers.query.fields import ANNOUNCED, FLAGS
from subscribers.query.names import ARXIV_ID, DIVIDED, category, paper_key
from subscribers.query.nodes import Announced, Author, Category, Has, Journal, Key, Org, Source, Tag
from subscribers.query.notes import Notes, Term
from subscribers.query.tex import readable
from subscribers.query.words import exacts, spelled

SHORT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
HASHTAG = re.compile(r"#[^\W\d_][\w-]*")
# Words that a journal's or a conference's name has, and a list's short name hardly.
_JOURNALS = (
    "aaai acl acm annals cell conference cvpr eccv emnlp iccv iclr icml ieee ijcai jmlr journal kdd lancet letters "
    "naacl nature neurips nips plos pnas proceedings review reviews science symposium tacl tmlr transactions"
)
JOURNALS = frozenset(_JOURNALS.split())
# How arXiv, and its readers, call what is:... means.
ANNOUNCEMENTS = {
    "replace": "revised", "replaced": "revised", "replacement": "revised", "updated": "revised",
    "cross-list": "cross", "cross-listed": "cross", "crosslist": "cross",
}  # fmt: skip


def author(term: Term, notes: Notes) -> Author:
    """`LeCun, Yann` and `LeCun Y` are turned round: the family name goes last."""
    words = _name(term, 'author:"Y LeCun"')
    family, comma, given = term.text.partition(",")
    if comma and exacts(given) and exacts(family):
        words = (*exacts(readable(given)), *exacts(readable(family)))
    while len(words[-1]) == 1 and any(len(word) > 1 for word in words) and words[-1].isascii():
        words = (words[-1], *words[:-1])
    if all(len(word) == 1 and word.isascii() for word in words):
        notes.warn('a single letter is little of a name: put the whole name in quotes, author:"Y LeCun"')
    return Author(words)


def org(term: Term, _notes: Notes) -> Org:
    """Words of an organisation's name."""
    return Org(_name(term, 'org:"University of Saltmarsh"'))


def journal(term: Term, _notes: Notes) -> Journal:
    """Words of a journal's name."""
    return Journal(_name(term, 'journal:"Nature Medicine"'))


def tag(term: Term, _notes: Notes) -> Tag:
    """Words of a keyword."""
    return Tag(_name(term, "tag:rlhf"))


def source(term: Term, notes: Notes) -> Source:
    """A source's short name; a journal's name is asked about."""
    name = term.text.lower()
    meant = _journal_meant(term)
    if not SHORT_NAME.fullmatch(name) or term.marked:
        hint = meant or "for example source:hf"
        raise QueryError("source: takes the short name of a source", term.position, hint)
    if meant:
        notes.warn(f"source:{name} is a list of this short name; {meant}")
    return Source(name)


def _journal_meant(term: Term) -> str:
    """The question to ask when a source's name looks like a journal's; else ""."""
    words = exacts(readable(term.text))
    if not JOURNALS.intersection(words):
        return ""
    named = words[0] if len(words) == 1 else f'"{spelled(words)}"'
    return f"did you mean journal:{named} ?"


def cat(term: Term, notes: Notes) -> Category:
    """A category of arXiv, or all of an archive; `primary:` is the paper's own first one."""
    typed = term.text
    dotless = typed.removesuffix("*").lower() if "." not in typed else ""
    name = f"{dotless}.*" if dotless in DIVIDED else category(typed)
    if not name or term.marked:
        hint = f"for example {term.field}:cs.LG, or {term.field}:cs.* for all of cs"
        raise QueryError(f"{term.field}: takes a category of arXiv", term.position, hint)
    if dotless in DIVIDED:
        notes.notice(f"“{term.field}:{typed}” is written {term.field}:{name} here: all of {dotless}")
    return Category(name, term.field == "primary")


def key(term: Term, notes: Notes) -> Key:
    """A paper's public key, in one spelling."""
    name = paper_key(term.text)
    if not name or term.marked:
        hint = 'for example id:2401.01234, id:10.1000/xyz123, id:"blog:post-7"'
        raise QueryError("id: takes an arXiv id, a DOI, or source:guid", term.position, hint)
    found = ARXIV_ID.fullmatch(term.text)
    if found and found["version"]:
        notes.notice(f"“{term.text}” is read as {name}: a version is no paper of its own")
    return Key(name)


def has(term: Term, _notes: Notes) -> Has:
    """A link that the paper has."""
    what = term.text.lower()
    if what not in FLAGS or term.marked:
        known = " and ".join(f"has:{flag}" for flag in FLAGS)
        raise QueryError(f"“has:{term.text}” is not known", term.position, f"there are {known}")
    return Has(what)


def announced(term: Term, notes: Notes) -> Announced:
    """How arXiv announced it: as new, as revised, as a cross-listing."""
    typed = term.text.lower()
    how = ANNOUNCEMENTS.get(typed, typed)
    if how not in ANNOUNCED or term.marked:
        known = ", ".join(f"is:{one}" for one in ANNOUNCED)
        hint = "write is:revised is:cross" if typed == "replace-cross" else f"there are {known}"
        raise QueryError(f"“is:{term.text}” is not known", term.position, hint)
    if how != typed:
        notes.notice(f"“is:{term.text}” is written is:{how} here")
    return Announced(how)


def _name(term: Term, example: str) -> tuple[str, ...]:
    words = exacts(readable(term.text))
    if not words or "*" in term.text:
        raise QueryError(f"{term.field}: takes a name", term.position, f"for example {example}")
    if term.marked:
        message = f"{term.field}: takes neither = nor ~"
        raise QueryError(message, term.position, f"names are compared whole already: {example}")
    return words
