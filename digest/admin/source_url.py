"""Whether an address may be a source's, as far as the address itself tells. Pure.

A name is looked up only when it is fetched, and what it then leads to is judged there (`sources.http`).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from digest.sources.addresses import PORTS, is_allowed, is_inside


def refused(url: str, allow: frozenset[str]) -> str:
    """What is wrong with it, or "". `allow` names the host that was allowed when the source was added by hand."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "This is no web address; write https://host/path."
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() or c == "\\" for c in url):
        return "Only http and https addresses are fetched; write https://host/path."
    if parts.username is not None or parts.password is not None:
        return "Leave user name and password out of the address."
    if is_allowed(host, port or PORTS[parts.scheme], allow):
        return ""
    if is_inside(host):
        return "This is a private address; if that is meant, add the source on the machine: manage.py source add."
    return ""
