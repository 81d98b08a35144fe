"""How often somebody may ask."""

import pytest
from django.core.cache import cache, caches

from subscribers import limits
from subscribers.visitor import ip_of
from tests.house import at

NOW = at("2026-03-02 06:15")


@pytest.fixture(autouse=True)
def _nothing_counted():
    for each in caches.all(initialized_only=False):
        each.clear()


def refused(asks) -> int:
    return sum(1 for ip, domain in asks if limits.wait(ip, domain, NOW))


def test_each_limit_stops_what_comes_after_it():
    assert refused(("192.0.2.1", f"{n}.example") for n in range(100)) == 100 - limits.PER_IP
    cache.clear()
    assert refused((f"192.0.2.{n}", f"{n}.example") for n in range(100)) == 100 - limits.PER_NETWORK
    cache.clear()
    assert refused((f"10.{n // 200}.{n % 200}.1", "one.example") for n in range(500)) == 500 - limits.PER_DOMAIN
    cache.clear()
    everywhere = ((f"10.{n // 250}.{n % 250}.1", f"{n}.example") for n in range(2_500))
    assert refused(everywhere) == 2_500 - limits.IN_ALL


def test_one_visitor_does_not_use_up_what_all_others_have():
    refused(("192.0.2.1", "one.example") for _ in range(5_000))
    assert limits.wait("198.51.100.1", "one.example", NOW) == 0


def test_a_new_hour_begins_anew_and_the_wait_says_when():
    waits = [limits.wait("192.0.2.1", "x.example", NOW) for _ in range(limits.PER_IP + 1)]
    assert waits[-1] == 45 * 60
    assert limits.wait("192.0.2.1", "x.example", at("2026-03-02 07:00")) == 0


def test_the_operators_own_domain_is_limited_by_network_alone(settings):
    settings.OWN_DOMAINS = ("lab.example",)
    asks = [(f"10.{n // 200}.{n % 200}.1", "lab.example") for n in range(500)]
    assert refused(asks) == 0


def test_networks_are_a_24_and_a_64():
    assert limits.network("192.0.2.77") == "192.0.2.0/24"
    assert limits.network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert limits.network("unix:") == "unix:"


def test_while_the_shared_cache_is_down_each_process_counts_for_itself(monkeypatch, caplog):
    def down(*_, **__):
        raise ConnectionError("no cache")

    monkeypatch.setattr(limits.cache, "add", down)
    assert refused(("192.0.2.1", "x.example") for _ in range(100)) == 100 - limits.PER_IP
    assert "counted by each process alone: no cache" in caplog.text


@pytest.mark.parametrize(
    ("header", "believed"),
    [
        ("203.0.113.7:50000", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("198.51.100.9, 203.0.113.7", "203.0.113.7"),
        ("unknown", "192.0.2.1"),
        ("", "192.0.2.1"),
        ("\x00", "192.0.2.1"),
    ],
)
def test_what_a_proxy_writes_is_an_address_or_nothing(rf, settings, header, believed):
    settings.PROXIES = 1
    assert ip_of(rf.get("/", headers={"X-Forwarded-For": header}, REMOTE_ADDR="192.0.2.1")) == believed
