"""The fields of the language, and the spellings that other services taught. Pure."""

from __future__ import annotations

import difflib

from subscribers.query.errors import QueryError

TEXT = ("title", "abstract")
NUMBERS = ("upvotes", "comments")
FLAGS = ("code", "project")
ANNOUNCED = ("new", "revised", "cross")
FIELDS = (
    *TEXT, "author", "org", "journal", "cat", "primary", "tag", "id", "source", *NUMBERS, "published", "has", "is",
)  # fmt: skip
ANY_TEXT = ""  # title or abstract

# Spelling to our field; `tiab` is a word without a field.
SPELLINGS = {
    "ti": "title",
    "intitle": "title",
    "abs": "abstract",
    "ab": "abstract",
    "intext": "abstract",
    "tiab": ANY_TEXT,
    "au": "author",
    "authors": "author",
    "affiliation": "org",
    "ad": "org",
    "organisation": "org",
    "organization": "org",
    "category": "cat",
    "keyword": "tag",
    "arxiv": "id",
    "doi": "id",
    "jr": "journal",
    "ta": "journal",
    "submitteddate": "published",
    "announce": "is",
    "feed": "source",
    "votes": "upvotes",
}
TAGS = ("ti", "title", "ab", "abstract", "tiab", "au", "author", "ad", "affiliation", "ta")
LONGEST_NAME = 32  # characters; nothing longer is compared with the names


def field_named(typed: str, position: int) -> tuple[str, str]:
    """Our field for a typed name (without its colon), and the notice to give, "" for our own spelling.

    Raises QueryError for a name that is no field, with the nearest one as a suggestion.
    """
    name = typed.lower()
    if name in FIELDS:
        return name, ""
    if name not in SPELLINGS:
        raise QueryError(f"there is no field “{typed}:”", position, _suggestion(name))
    field = SPELLINGS[name]
    if field == ANY_TEXT:
        return field, f"“{typed}:” is not needed: words look in title and abstract"
    return field, f"“{typed}:” is written {field}: here"


def field_tagged(typed: str, position: int) -> tuple[str, str]:
    """The same for a tag in square brackets behind a term: `cache[ti]`."""
    name = typed.lower()
    if name not in TAGS:
        known = ", ".join(f"[{tag}]" for tag in TAGS)
        raise QueryError(f"there is no tag “[{typed}]”", position, f"the tags are {known}")
    field = SPELLINGS.get(name, name)
    if field == ANY_TEXT:
        return field, f"“[{typed}]” is not needed: words look in title and abstract"
    return field, f"“[{typed}]” is written {field}: before the term here"


def _suggestion(name: str) -> str:
    near = difflib.get_close_matches(name, [*FIELDS, *SPELLINGS], n=1) if len(name) <= LONGEST_NAME else []
    meant = SPELLINGS.get(near[0], near[0]) if near else ""
    mend = f"did you mean “{meant}:”? " if meant else ""
    known = ", ".join(f"{field}:" for field in FIELDS)
    return f"{mend}The fields are {known}. To look for the text itself, leave out the colon or put it in quotes"
