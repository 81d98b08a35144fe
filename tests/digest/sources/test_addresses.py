"""Which addresses a source may have."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.addresses import is_allowed, is_inside, is_public, place_of


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "169.254.169.254", "172.16.0.1",
        "192.0.0.192", "192.168.1.1", "192.88.99.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "239.1.1.1",
        "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1",
        "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1",
        "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:c0a8:101::1", "2001:db8::1",
        "2001::1", "5f00::1", "", "localhost", "127.1", "1.2.3.4.5",
    ],
)  # fmt: skip
def test_private_reserved_and_unreadable_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_dress(address: IPv4Address) -> None:
    mapped = IPv6Address(int(IPv6Address("::ffff:0:0")) | int(address))
    nat64 = IPv6Address(int(IPv6Address("64:ff9b::")) | int(address))
    assert is_public(str(mapped)) == is_public(str(nat64)) == is_public(str(address))
    assert is_public(str(address)) <= address.is_global


def test_an_operator_allows_one_port_of_a_host() -> None:
    allow = frozenset({"Lists.example:8080"})
    assert is_allowed("lists.example", 8080, allow)
    assert not is_allowed("other.example", 8080, allow)
    assert not is_allowed("lists.example", 80, allow)


def test_a_host_without_a_port_means_the_usual_ports() -> None:
    for host in ("localhost", "::1"):
        assert [is_allowed(host, port, frozenset({host})) for port in (80, 443, 8080)] == [True, True, False]


def test_an_ipv6_host_is_allowed_as_it_stands_in_an_address() -> None:
    assert is_allowed("::1", 8080, frozenset({"[::1]:8080"}))
    assert not is_allowed("::1", 80, frozenset({"[::1]:8080"}))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://localhost/feed", "localhost:80"), ("https://VM/feed", "vm:443"), ("http://vm:8080", "vm:8080"),
        ("http://me@[::1]/", "[::1]:80"),
    ],
)  # fmt: skip
def test_what_is_typed_is_allowed_with_its_port(url: str, place: str) -> None:
    parts = urlsplit(url)
    assert place_of(parts) == place
    assert is_allowed(parts.hostname or "", int(place.rpartition(":")[2]), frozenset({place}))


@pytest.mark.parametrize("host", ["vm", "localhost", "nas.lan", "Hub.Internal.", "10.0.0.1", "127.1", "0x7f.1", "::1"])
def test_some_hosts_say_by_themselves_that_they_are_not_public(host: str) -> None:
    assert is_inside(host)


@pytest.mark.parametrize("host", ["lists.example", "lan.example", "8.8.8.8", "2606:4700::1111", "notlocal.example"])
def test_others_do_not(host: str) -> None:
    assert not is_inside(host)
