"""Signed links."""

import hmac
import string
from base64 import urlsafe_b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.links import address_hash, sign, unsign

SECRET = b"a secret for tests, 32 bytes ..."
KEY = "0123456789abcdef" * 2
KEYS = st.binary(min_size=16, max_size=16).map(bytes.hex)
SLOTS = st.datetimes().map(lambda at: f":{at:%m%dT%H%M%S}").map(lambda text: f":2026{text[1:]}")
SUBJECTS = st.builds(str.__add__, KEYS, st.just("") | SLOTS)
URL_SAFE = set(string.ascii_letters + string.digits + "-_")
some = settings(deadline=None, max_examples=150)


@some
@given(SUBJECTS, st.sampled_from(["confirm", "leave", "read"]))
def test_what_is_signed_is_read_back(subject: str, purpose: str) -> None:
    token = sign(SECRET, purpose, subject)
    assert unsign(SECRET, purpose, token) == subject
    assert set(token) <= URL_SAFE
    assert len(token) == (44 if ":" not in subject else 52)


@some
@given(SUBJECTS)
def test_a_token_serves_one_purpose_and_one_secret(subject: str) -> None:
    token = sign(SECRET, "leave", subject)
    assert unsign(SECRET, "manage", token) is None
    assert unsign(SECRET[::-1], "leave", token) is None


@some
@given(SUBJECTS, st.data())
def test_a_token_with_one_sign_changed_is_nobodys(subject: str, data: st.DataObject) -> None:
    token = sign(SECRET, "leave", subject)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(sorted(URL_SAFE - {token[at]})))
    assert unsign(SECRET, "leave", token[:at] + other + token[at + 1 :]) is None


def test_a_token_never_changes_since_its_link_works_for_ever() -> None:
    assert sign(SECRET, "leave", KEY) == "AAEjRWeJq83vASNFZ4mrze-GPVVVEVwo70Ukf2IBOKZl"
    assert sign(SECRET, "read", f"{KEY}:20261125T073000") == "AQEjRWeJq83vASNFZ4mrze8SbWkpqGjnKV3POJ3I7ZxM_WumJigf"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "=",
        "A" * 43,
        "A" * 44,
        "A" * 45,
        "A" * 52,
        "A" * 10_000_000,
        "é" * 44,
        "\N{MATHEMATICAL BOLD CAPITAL A}" * 44,
        "\ud800" * 44,
        "\0" * 44,
        sign(SECRET, "leave", KEY) + "=",
        sign(SECRET, "leave", KEY) + "\n",
        " " + sign(SECRET, "leave", KEY),
        sign(SECRET, "leave", KEY)[:-1] + "+",
        sign(SECRET, "leave", KEY).lower(),
        sign(SECRET, "leave", KEY) + "AAAAAAAA",
    ],
    ids=lambda token: ascii(token[:12]),
)
def test_a_hostile_token_is_nobodys(token: str) -> None:
    assert unsign(SECRET, "leave", token) is None


@settings(deadline=None, max_examples=300)
@given(st.text() | st.text(st.sampled_from(sorted(URL_SAFE)), min_size=44, max_size=44))
def test_no_made_up_token_is_anybodys(token: str) -> None:
    assert unsign(SECRET, "leave", token) is None


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "x",
        KEY.upper(),
        KEY + ":",
        KEY + ":2026",
        KEY + ":20261125T07300",
        KEY + "\n",
        f"{KEY}:٢0261125T073000",
    ],
)
def test_another_subject_is_not_signed(subject: str) -> None:
    with pytest.raises(ValueError, match="can't be signed"):
        sign(SECRET, "leave", subject)


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        sign(b"short", "leave", KEY)


@some
@given(st.binary(min_size=16, max_size=200), SUBJECTS)
def test_the_mac_is_the_standard_library_s(secret: bytes, subject: str) -> None:
    data = urlsafe_b64decode(sign(secret, "leave", subject))
    assert data[-16:] == hmac.digest(secret, b"leave\x00" + data[:-16], "sha256")[:16]
    assert address_hash(secret, "ä@b.org") == hmac.digest(secret, "suppression\0ä@b.org".encode(), "sha256").hex()
