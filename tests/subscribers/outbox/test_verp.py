"""Envelope senders that name the letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.links import sign, unsign
from subscribers.outbox import verp
from subscribers.outbox.wire import ADDRESS

BASE = "bounces@papers.example.org"
SECRET = b"a secret for tests, 32 bytes ..."
KEY = "0123456789abcdef" * 2


def token(key: str = KEY, slot: str = "20260302T070000") -> str:
    return sign(SECRET, verp.PURPOSE, f"{key}:{slot}")


@given(st.binary(min_size=16, max_size=16), st.datetimes())
def test_an_address_is_one_that_smtp_carries_and_gives_its_token_back(key, moment):
    named = f"{key.hex()}:{moment.strftime('%Y').zfill(4)}{moment.strftime('%m%dT%H%M%S')}"
    made = sign(SECRET, verp.PURPOSE, named)
    address = verp.address(BASE, made)
    assert len(address.partition("@")[0]) <= 64
    assert ADDRESS.fullmatch(address)
    (found,) = verp.tokens(f"To: <{address}>\r\n".encode(), BASE)
    assert unsign(SECRET, verp.PURPOSE, found) == named


def test_tokens_are_found_wherever_a_server_writes_them_each_once():
    one, other = token(), token(slot="20260303T070000")
    text = f"Delivered-To: {verp.address(BASE, one)}\nReceived: by x for <{verp.address(BASE, other)}>; Mon\n"
    text += f"X-Original-To: BOUNCES+{one}@Papers.EXAMPLE.org\n"
    assert verp.tokens(text.encode(), BASE) == (one, other)


@pytest.mark.parametrize(
    "text",
    [
        f"bounces+{token()[:-1]}@papers.example.org",
        f"bounces+{token()}x@papers.example.org",
        f"xbounces+{token()}@papers.example.org",
        f"bounces+{token()}@papers.example.organic",
        f"bounces+{token()}@papersxexample.org",
        f"bounces@papers.example.org {token()}",
    ],
)
def test_what_only_looks_like_one_is_none(text):
    assert verp.tokens(text.encode(), BASE) == ()


def test_a_token_that_a_server_wrote_in_small_letters_has_lost_its_signature():
    (found,) = verp.tokens(verp.address(BASE, token()).lower().encode(), BASE)
    assert unsign(SECRET, verp.PURPOSE, found) is None


def test_a_token_for_bounces_opens_no_page_and_a_link_s_token_blames_nobody():
    assert unsign(SECRET, "read", token()) is None
    assert unsign(SECRET, verp.PURPOSE, sign(SECRET, "read", f"{KEY}:20260302T070000")) is None


@pytest.mark.parametrize("good", [BASE, "b@example.org", "bounces-rtn@example.org"])
def test_an_address_with_room_for_a_token_is_one_for_bounces(good):
    assert verp.read_base(good) == good


@pytest.mark.parametrize(
    "wrong",
    ["", "bounces", "bounces@localhost", "returned-mail@example.org", "b+x@example.org", "B <b@example.org>",
     "b@example.org\n", "b..c@example.org", "bücher@example.org"],
)  # fmt: skip
def test_another_is_refused(wrong):
    with pytest.raises(ValueError, match="no plain address"):
        verp.read_base(wrong)
