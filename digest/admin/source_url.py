"""Whether an address may be a source's, as far as the address itself tells. Pure.

A name is looked up only when it is fetched, and what it then leads to is judged there (`sources.http`).
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

from digest.sources.addresses import is_allowed, is_public

LOCAL = ("localhost", "local", "internal", "home.arpa")  # names that never leave a machine or its network


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
    if is_allowed(host, port or (443 if parts.scheme == "https" else 80), allow):
        return ""
    if _private(host):
        return "This is a private address; if that is meant, add the source on the machine: manage.py source add."
    return ""


def _private(host: str) -> bool:
    if any(host == name or host.endswith(f".{name}") for name in LOCAL):
        return True
    address = _address(host)
    return address is not None and not is_public(address)


def _address(host: str) -> str | None:
    """The IP address that a host is, in whatever way it is written: 127.1 and 0x7f000001 are also loopback."""
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return str(IPv4Address(socket.inet_aton(host)))
    except (OSError, UnicodeError):
        return None
