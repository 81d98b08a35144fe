"""Who asks: the address and the program at the other end of a request."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest

AGENT_MOST = 300  # characters


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a consent record keeps, and what sign-ups are limited by."""

    ip: str
    agent: str

    def record(self) -> dict[str, str]:
        """As it is stored with a request and a confirmation."""
        return {"ip": self.ip, "agent": self.agent}


def visitor(request: HttpRequest) -> Visitor:
    """Who made this request.

    Anybody can write an X-Forwarded-For: only what our own proxies (setting PROXIES: how many stand in front)
    have added at its end is believed.
    """
    agent = "".join(sign for sign in request.META.get("HTTP_USER_AGENT", "") if sign.isprintable())
    return Visitor(ip_of(request), agent[:AGENT_MOST])


def ip_of(request: HttpRequest) -> str:
    """The network address at the other end, as `visitor` believes it."""
    proxies = int(getattr(settings, "PROXIES", 0))
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    remote = str(request.META.get("REMOTE_ADDR", ""))[:45]
    return _address(hops[-proxies]) or remote if proxies and len(hops) >= proxies else remote


def _address(hop: str) -> str:
    """The address in a hop as proxies write it (with a port or brackets too), or "" when there is none."""
    bare = hop.partition("]")[0].lstrip("[") if hop.startswith("[") else hop
    bare = bare.partition(":")[0] if bare.count(":") == 1 else bare
    try:
        return str(ip_address(bare))
    except ValueError:
        return ""
