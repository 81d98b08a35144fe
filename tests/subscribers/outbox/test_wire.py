"""Replies as they come in, a piece at a time; logging in."""

import hmac
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.outbox import login
from subscribers.outbox.message import Message
from subscribers.outbox.wire import LINE_MOST, REPLY_MOST, read_reply, stuffed

LINES = st.lists(
    st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), min_size=1, max_size=4
)


@given(st.integers(200, 599), LINES, st.binary(max_size=20))
def test_a_reply_is_read_when_it_is_whole_and_not_before(code: int, lines: list[bytes], behind: bytes) -> None:
    wire = b"".join(b"%d-%b\r\n" % (code, line) for line in lines[:-1]) + b"%d %b\r\n" % (code, lines[-1])
    assert all(read_reply(wire[:end]) is None for end in range(len(wire)))
    found = read_reply(wire + behind)
    assert found is not None
    assert (found[0], found[2]) == (code, len(wire))
    assert [line.strip() for line in found[1].split(b"\n")] == [line.strip() for line in lines]


@given(st.binary(max_size=200))
def test_whatever_comes_in_is_a_reply_or_none_or_not_yet_one(data: bytes) -> None:
    found = read_reply(data)
    assert found is None or (0 <= found[0] <= 999 and 0 < found[2] <= len(data))


@pytest.mark.parametrize(
    "wire",
    [b"hello\r\n", b"\r\n", b"25", b"2x0 a\r\n", b"250" + b"x" * LINE_MOST * 2, b"250-a\r\n" * (REPLY_MOST // 7 + 1)],
)
def test_what_is_no_decent_reply_has_no_code(wire: bytes) -> None:
    found = read_reply(wire)
    assert found is None if wire == b"25" else found is not None and found[0] == 0


@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a"]), max_size=9).map(b"".join))
def test_stuffing_refuses_each_other_line_end_and_is_undone_by_a_server(data: bytes) -> None:
    message = Message("<x@y>", "a@b", "c@d", data)
    bare = data.replace(b"\r\n", b"")
    if b"\r" in bare or b"\n" in bare:
        with pytest.raises(ValueError, match="CRLF"):
            stuffed(message)
        return
    wire = stuffed(message)
    assert wire.endswith(b"\r\n")
    lines = wire.split(b"\r\n")
    assert b"." not in lines
    plain = b"\r\n".join(line.removeprefix(b".") for line in lines)
    assert plain == (data if data.endswith(b"\r\n") else data + b"\r\n")


def test_the_ways_to_log_in_are_those_offered_and_known_the_discreet_one_first() -> None:
    assert login.offered([b"SIZE 10", b"AUTH LOGIN PLAIN XOAUTH2 CRAM-MD5"]) == ["CRAM-MD5", "PLAIN", "LOGIN"]
    assert login.offered([b"AUTH=LOGIN"]) == ["LOGIN"]
    assert login.offered([b"PIPELINING", b"XAUTH PLAIN"]) == []


def test_each_way_says_who_and_proves_it() -> None:
    (plain,) = login.answers("PLAIN", "u", "p")
    assert b64decode(plain("").removeprefix(b"AUTH PLAIN ")) == b"\0u\0p"
    user, secret = login.answers("LOGIN", "u", "p")
    assert (user(""), secret("VXNlcm5hbWU6")) == (b"AUTH LOGIN " + b64encode(b"u"), b64encode(b"p"))
    first, proof = login.answers("CRAM-MD5", "tim", "tanstaaftanstaaf")  # the example of RFC 2195
    challenge = b64encode(b"<1896.697170952@postoffice.reston.mci.net>").decode()
    assert first("") == b"AUTH CRAM-MD5"
    assert b64decode(proof(challenge)) == b"tim b913a602c7eda7a495b4e6e7334d3890"
    assert b64decode(proof("?")) == b"tim " + hmac.new(b"tanstaaftanstaaf", b"", "md5").hexdigest().encode()
