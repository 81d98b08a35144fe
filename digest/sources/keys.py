"""Under which keys a paper may be known: arXiv ids, DOIs and names, found in any of their spellings. Pure.

A false split shows a paper twice, a false merge hides one for ever: so only an address of arXiv itself, an
`arXiv:` or `oai:` name or arXiv's own DOI names an arXiv paper here. A bare `2611.00001` in a stranger's feed
may be anything.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from digest.sources.listing import arxiv_key, doi_key, guid_key

NAMED_LIMIT = 200  # characters of a source's own name for a paper; the database's keys have room for 300
ARXIV_HOST = re.compile(r"(?:[a-z0-9-]+\.)*arxiv\.org|ar5iv\.org")
ARXIV_PATH = re.compile(r"/(?:abs|pdf|html|format|ps|src|e-print)/([^?#]+?)(?:\.pdf)?/?")
LIST_HOSTS = ("huggingface.co", "hf.co")  # their /papers/ID is the arXiv paper of that id
LIST_PATH = re.compile(r"/papers/([^/?#]+)/?")
ARXIV_NAME = re.compile(r"(?:oai:arxiv\.org:|arxiv:\s*)(\S+)", re.IGNORECASE)
MAY_NAME_ARXIV = re.compile(r"arx|ar5|/papers/|%", re.IGNORECASE)  # what is without them names no paper of arXiv
VERSION = re.compile(r"\d{4,7}v([1-9]\d{0,3})(?!\d)", re.ASCII)
MONTH = re.compile(r"arxiv:\d\d(?:0[1-9]|1[0-2])\.|arxiv:[a-z]")
DOI_ADDRESS = re.compile(r"https?://(?:dx\.|www\.)?doi\.org/(10\.[^?#]+)", re.IGNORECASE)
DOI_NAME = re.compile(r"(?:info:doi/|urn:doi:|doi:)\s*(10\.\S+)|(10\.\d{4,9}/\S+)", re.IGNORECASE)
WEB = re.compile(r"https?://", re.IGNORECASE)
PLAIN_WEB = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9.:-]+)((?:/[A-Za-z0-9._~/%+-]*)?)", re.ASCII)  # no query


def arxiv_named(text: str) -> str:
    """`arxiv:ID` for an address of arXiv, an `arXiv:` or `oai:` name or an arXiv DOI, without version; else ""."""
    if not MAY_NAME_ARXIV.search(text):
        return ""
    text = text.strip()
    named = ARXIV_NAME.fullmatch(text)
    if named:
        return _possible(arxiv_key(named[1]))
    doi = _doi(text)
    if doi:
        return _possible(doi_key(doi)) if doi_key(doi).startswith("arxiv:") else ""
    host, path = _host_and_path(text)
    pattern = ARXIV_PATH if ARXIV_HOST.fullmatch(host) else LIST_PATH if host in LIST_HOSTS else None
    found = pattern.fullmatch(path) if pattern else None
    return _possible(arxiv_key(found[1])) if found else ""


def doi_named(text: str) -> str:
    """`doi:...` for a DOI, its resolver's address or its `doi:` name; "" for an arXiv DOI and for anything else."""
    if "10." not in text:
        return ""
    key = doi_key(_doi(text.strip()))
    return key if key.startswith("doi:") and len(key) <= NAMED_LIMIT else ""


def version_named(text: str) -> int | None:
    """The version that follows an arXiv id in a name or an address."""
    found = VERSION.search(text)
    return int(found[1]) if found else None


def own_key(source: str, name: str) -> str:
    """The key of a source's own name for a paper, a guid or a link, in one spelling; "" for an empty name.

    Long names are cut, and end in a hash of the whole.
    """
    named = spelled(name)
    if len(named) > NAMED_LIMIT:
        whole = hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()
        named = f"{named[: NAMED_LIMIT - 33]}~{whole[:32]}"
    return guid_key(source, named) if named else ""


def _possible(key: str) -> str:
    """The key of an id whose month exists; else ""."""
    return key if MONTH.match(key) else ""


def _doi(text: str) -> str:
    address = DOI_ADDRESS.fullmatch(text.partition("?")[0].partition("#")[0])
    if address:
        return unquote(address[1]).strip()
    named = DOI_NAME.fullmatch(text)
    return (named[1] or named[2]) if named else ""


def _host_and_path(text: str) -> tuple[str, str]:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return "", ""
    return (host, parts.path) if parts.scheme in ("http", "https") else ("", "")


def spelled(name: str) -> str:
    """A name in one spelling: a web address without scheme, fragment, `utm_*`, closing slash, capitals of the host."""
    name = name.strip()
    plain = PLAIN_WEB.fullmatch(name)
    if plain:
        return (plain[1].lower() + plain[2]).rstrip("/")
    if not WEB.match(name):
        return " ".join(name.split())
    try:
        parts = urlsplit(name)
    except ValueError:
        return " ".join(name.split())
    query = parts.query
    if "utm_" in query.lower():
        kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if not pair[0].lower().startswith("utm_")]
        query = urlencode(kept)
    address = (parts.netloc.lower() + parts.path).rstrip("/")
    return f"{address}?{query}" if query else address
