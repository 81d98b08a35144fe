"""Which addresses are accepted."""

import pytest

from subscribers.address import check_address


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("a@127.0.0.1", "ends in a number"),
        ("a@1.2", "ends in a number"),
        ("a@b", "no dot"),
        ("a@localhost", ""),
        ("a@[127.0.0.1]", ""),
        ("x" * 65 + "@example.org", "64"),
        ("ä@example.org", ""),
        ('"a b"@example.org', ""),
    ],
)
def test_what_no_relay_takes_is_refused_and_the_reason_said(typed, says):
    with pytest.raises(ValueError, match=r"is not an address we can mail to") as refused:
        check_address(typed)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "mailed", "address"),
    [
        (" Ada.Moss@Example.ORG ", "Ada.Moss@example.org", "ada.moss@example.org"),
        ("x" * 64 + "@example.org", "x" * 64 + "@example.org", "x" * 64 + "@example.org"),
        ("a@1.example2.org", "a@1.example2.org", "a@1.example2.org"),
        ("a@bücher.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_kept_as_spelled_and_compared_in_small_letters(typed, mailed, address):
    assert check_address(typed) == (mailed, address)
