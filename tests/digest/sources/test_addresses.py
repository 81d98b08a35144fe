"""Which addresses a source may have."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.sources.addresses import is_allowed, is_public


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


@pytest.mark.parametrize("name", ["lists.example", "Lists.example:8080"])
def test_an_operator_allows_a_host_or_one_port_of_it(name: str) -> None:
    allow = frozenset({name})
    assert is_allowed("lists.example", 8080, allow)
    assert not is_allowed("other.example", 8080, allow)
    assert is_allowed("lists.example", 80, allow) == (name == "lists.example")


def test_an_ipv6_host_is_allowed_as_it_stands_in_an_address() -> None:
    assert is_allowed("::1", 8080, frozenset({"[::1]:8080"}))
    assert is_allowed("::1", 8080, frozenset({"::1"}))
    assert not is_allowed("::1", 80, frozenset({"[::1]:8080"}))
