"""How often somebody may ask for digests, per address of the network, per domain, and in all; and search.

Counted in Django's cache, by fixed windows of an hour, before anything is looked up: so the answer is the same
for addresses that we know and for others. The limit per mail address is in `joining`, from rows.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core.cache import BaseCache, cache, caches

HOUR = 3600
PER_IP, PER_NETWORK, PER_DOMAIN, IN_ALL = 10, 40, 200, 2_000  # requests for digests an hour
SEARCHES = 300  # an hour and address of the network: each costs a part of a second of computing
log = logging.getLogger(__name__)


def wait(ip: str, domain: str, now: datetime) -> int:
    """Counts this request; 0 when it may go on, else for how many seconds to wait.

    The narrow limits come first and a request that one of them stops counts for no wider one: a single visitor
    can't use up what all others have.
    """
    return _wait(_limits(ip, domain), now)


def wait_to_search(ip: str, now: datetime) -> int:
    """The same for trying a filter on stored papers."""
    return _wait([(f"search {ip}", SEARCHES)], now)


def _wait(limits: Iterable[tuple[str, int]], now: datetime) -> int:
    second = int(now.timestamp())
    for name, most in limits:
        if _counted(f"{name} {second // HOUR}") > most:
            return HOUR - second % HOUR
    return 0


def _limits(ip: str, domain: str) -> Iterator[tuple[str, int]]:
    yield f"ip {ip}", PER_IP
    yield f"network {network(ip)}", PER_NETWORK
    if domain not in getattr(settings, "OWN_DOMAINS", ()):  # a lab may sign up all at once
        yield f"domain {domain}", PER_DOMAIN
    yield "all", IN_ALL


def network(ip: str) -> str:
    """The /24 of an IPv4 address, the /64 of an IPv6 address; what is no address stands for itself."""
    try:
        width = 24 if ip_address(ip).version == 4 else 64
        return str(ip_network(f"{ip}/{width}", strict=False))
    except ValueError:
        return ip


def _counted(name: str) -> int:
    """How often this name has been counted in its window, this time included."""
    key = "limit:" + hashlib.sha256(name.encode()).hexdigest()[:32]  # any text becomes a key, and no IP is kept
    try:
        return _incremented(cache, key)
    except Exception as error:  # whichever cache it is: one that is down must not stop people from signing up
        log.warning("requests are counted by each process alone: %s", error)
        return _incremented(caches["here"], key)


def _incremented(store: BaseCache, key: str) -> int:
    store.add(key, 0, 2 * HOUR)
    try:
        return store.incr(key)
    except ValueError:  # it ran out, or was pushed out, between the two calls
        return 1
