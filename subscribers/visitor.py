"""Who asks: the address and the program at the other end of a request."""

from __future__ import annotations

from dataclasses import dataclass

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
    believed = hops[-proxies] if proxies and len(hops) >= proxies else request.META.get("REMOTE_ADDR", "")
    return str(believed)[:45]
