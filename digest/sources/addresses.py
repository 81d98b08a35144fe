"""Which network addresses a source may have: public ones, and what the operator allows by name. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Python's is_global follows IANA's registry and leaves these to us: 192.0.0.0/24 holds a cloud's metadata
# service, 192.88.99.0/24 is the retired 6to4 relay; in IPv6 only 2000::/3 is handed out to anybody.
NOT_FOR_SOURCES = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
GLOBAL_UNICAST = IPv6Network("2000::/3")
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


def is_allowed(host: str, port: int, allow: frozenset[str]) -> bool:
    """True when the operator allows this host whatever its address: `host`, `host:port`, IPv6 in brackets."""
    shown = f"[{host}]" if ":" in host else host
    names = {name.strip().lower() for name in allow}
    return not names.isdisjoint((host, shown, f"{shown}:{port}"))
