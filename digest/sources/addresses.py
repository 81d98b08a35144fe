"""Which network addresses a source may have: public ones, and what the operator allows by name. Pure."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult

# Python's is_global follows IANA's registry and leaves these to us: 192.0.0.0/24 holds a cloud's metadata
# service, 192.88.99.0/24 is the retired 6to4 relay; in IPv6 only 2000::/3 is handed out to anybody.
NOT_FOR_SOURCES = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
GLOBAL_UNICAST = IPv6Network("2000::/3")
# RFC 6761, 6762 (its appendix G has the names of private networks), 8375, and ICANN's own .internal
NEVER_GIVEN_OUT = (
    "localhost",
    "local",
    "internal",
    "home.arpa",
    "localdomain",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
)
PORTS = {"http": 80, "https": 443}
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that the operator set; user and password are decoded, and shown by nothing."""

    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """How to get out: through a proxy or not, and with which certificate authorities (a PEM file) beside certifi's."""

    proxy: Proxy | None = None
    ca: str = ""


DIRECT = Route()


def is_public(text: str) -> bool:
    """True for an IP address of the public internet.

    False for private, loopback, link-local, unique-local, multicast and reserved ones, for IPv6 addresses
    that carry such an IPv4 address (mapped, 6to4, NAT64), and for what is no IP address.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        carried = _carried(address)
        if carried is None:
            return address in GLOBAL_UNICAST and address.is_global
        address = carried
    special = any(address in network for network in NOT_FOR_SOURCES)
    return address.is_global and not (address.is_multicast or address.is_reserved or special)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def is_inside(host: str) -> bool:
    """True when a host, as it is written, leads to no public address: a name without a dot or of a domain that is
    never given out, or an IP address that is not public, in whatever way it is written (127.1, 0x7f000001).
    """
    name = host.partition("%")[0].rstrip(".").lower()
    address = _address(name)
    if address:
        return not is_public(address)
    return "." not in name or any(name.endswith(f".{domain}") for domain in NEVER_GIVEN_OUT)


def _address(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return str(IPv4Address(socket.inet_aton(host)))
    except (OSError, UnicodeError):
        return ""


def place_of(parts: SplitResult) -> str:
    """Host and port of a web address, as an operator allows them: `vm:80`, `[::1]:8080`. ValueError for a bad port."""
    host = parts.hostname or ""
    return f"[{host}]:{_port(parts)}" if ":" in host else f"{host}:{_port(parts)}"


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS.get(parts.scheme, 0)


def is_allowed(host: str, port: int, allow: frozenset[str]) -> bool:
    """True when the operator allows this host whatever its address: `host:port`, IPv6 in brackets.

    Without a port the usual ones of http and https are meant, and no other.
    """
    shown = f"[{host}]" if ":" in host else host
    names = {name.strip().lower() for name in allow}
    return f"{shown}:{port}" in names or (port in PORTS.values() and not names.isdisjoint((host, shown)))
