"""What becomes of a letter: its states, the legal moves, and what a mail server's word means. Pure.

Replies and time-outs are read as RFC 5321 (4.2, 4.5.3.2, 4.5.4.1) and RFC 3463 define them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal, NamedTuple

State = Literal["waiting", "dotted", "deferred", "accepted", "refused", "unknown", "cancelled"]
Kind = Literal["accepted", "deferred", "refused", "unknown", "channel"]
Stage = Literal["CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "BODY", "DOT", "RSET"]

# Every legal move and its reason; a move that isn't here is a mistake. Accepted and cancelled are final.
REASONS: Mapping[tuple[State, State], str] = {
    ("waiting", "dotted"): "its body is with the server and the final dot may leave now",
    ("waiting", "deferred"): "the server said later, or was lost, before the dot",
    ("waiting", "refused"): "the server refused the recipient before the dot",
    ("waiting", "cancelled"): "its reader left, the next digest carries it, it expired or can't be composed",
    ("waiting", "unknown"): "a backup was put back: it may have left after the backup was taken",
    ("dotted", "accepted"): "the server took it",
    ("dotted", "deferred"): "the server said later at the dot, or had gone before it",
    ("dotted", "refused"): "the server refused the content",
    ("dotted", "unknown"): "no reply to the dot: the connection, or the worker, was lost",
    ("dotted", "cancelled"): "its reader left after the dot and the server did not take it",
    ("deferred", "waiting"): "its retry is due: it joins a new batch",
    ("deferred", "cancelled"): "its reader left, the next digest carries it, or its link expired",
    ("deferred", "unknown"): "a backup was put back: it may have left after the backup was taken",
    ("refused", "deferred"): "the same code met five people in a row: our trouble, not theirs",
    ("unknown", "accepted"): "a late reply, or an operator who knows, says that it arrived",
    ("unknown", "deferred"): "a late reply says later",
    ("unknown", "refused"): "a late reply says no",
    ("unknown", "waiting"): "by the operator's policy it is sent again under the same Message-ID",
    ("unknown", "cancelled"): "an operator says not delivered, or its reader left",
}
STATES: tuple[State, ...] = (
    "waiting",
    "dotted",
    "deferred",
    "accepted",
    "refused",
    "unknown",
    "cancelled",
)
MOVES: Mapping[str, frozenset[str]] = {
    state: frozenset(after for before, after in REASONS if before == state) for state in STATES
}

# Before MAIL no letter has been named, so whatever goes wrong there is about us and the server alone.
UNNAMED: frozenset[Stage] = frozenset({"CONNECT", "EHLO", "AUTH"})
OUT_OF_STEP, TOO_MANY = 503, 421
GO_AHEAD: Mapping[Stage, int] = {"AUTH": 235, "DATA": 354}
ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\S)")

DIGEST = "digest"  # the one kind of mail that the next one can carry
LINK_LIFE = timedelta(hours=72)  # people's mail is worthless once its link has expired
# A person waits for this mail in front of a screen; a greylisting server wants 1 to 5 minutes.
PEOPLE_MINUTES = (1, 2, 5, 10, 15)
DIGEST_FIRST, DIGEST_MOST = timedelta(minutes=5), timedelta(hours=4)
LONGEST = max(DIGEST_MOST, timedelta(minutes=max(PEOPLE_MINUTES)))  # between two tries of any letter
PAUSE_FIRST, PAUSE_MOST = timedelta(minutes=1), timedelta(minutes=15)
STREAK = 5


class Outcome(NamedTuple):
    """What the mail server said about a letter.

    `kind`: accepted, deferred, refused or unknown is the letter's next state; channel means that the trouble
    is ours: the letter goes back to (or stays) waiting with no attempt counted, the channel pauses, and
    nobody is blamed. `code` is None for a lost connection or a time-out; `reply` is the server's text, or
    what the system said of the loss.
    """

    kind: Kind
    stage: Stage
    code: int | None
    reply: str
    wait: float = 0.0  # seconds that it wants to be left alone for


class Expired(Exception):
    """A letter whose link has expired while it waited: nobody is told of it."""


class Refusal(Exception):
    """A letter, or the whole channel, failed before the final dot: nothing was delivered."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.kind} at {outcome.stage}: {outcome.code or 'no reply'} {outcome.reply}")
        self.outcome = outcome


def passes(stage: Stage, code: int | None) -> bool:
    """Whether a reply lets the conversation go on: 354 at DATA, 235 at AUTH (RFC 4954), 2xx elsewhere."""
    if stage in GO_AHEAD:
        return code == GO_AHEAD[stage]
    return code is not None and 200 <= code <= 299


def classify(stage: Stage, code: int | None, reply: str) -> Outcome:
    """What a reply (code None: a drop or a time-out) at a stage means; ValueError when it is no failure."""
    if stage != "DOT" and passes(stage, code):
        raise ValueError(f"{code} at {stage} lets the conversation go on: there is no outcome yet")
    return Outcome(_at_dot(code) if stage == "DOT" else _before_dot(stage, code), stage, code, reply)


def _before_dot(stage: Stage, code: int | None) -> Kind:
    # The server down, full, distrustful, or our password wrong: no reader has to do with it. A letter that
    # counted an attempt for it would be retried ever more slowly because of an outage.
    if stage in UNNAMED:
        return "channel"
    # 4xx and 421: later (greylisting at RCPT, a full disk, too many connections). A drop or a time-out before
    # the dot: RFC 5321 (4.1.1.10) has the server forget the mail, so it is unsent for certain. A reply that
    # makes no sense at its stage: the same, the conversation can't be trusted.
    if code is None or not 500 <= code <= 599:
        return "deferred"
    # The server named the mailbox and said no, for good; but 503 is "bad sequence of commands": we are out of
    # step with each other (some servers lose count of pipelined commands when they are slow).
    if stage == "RCPT":
        return "deferred" if code == OUT_OF_STEP else "refused"
    # The sender is the same for everybody: all letters would hear this.
    if stage in ("MAIL", "RSET"):
        return "channel"
    # DATA, BODY: the recipient was taken and the content not yet seen, so neither can be to blame, and one
    # odd letter must not stop the channel. Another try settles it, or the next digest carries it.
    return "deferred"


def _at_dot(code: int | None) -> Kind:
    # No reply, or one that is neither yes nor no: the server may have the mail. Only people can find out.
    if code is None:
        return "unknown"
    kinds: Mapping[int, Kind] = {2: "accepted", 4: "deferred", 5: "refused"}
    return kinds.get(code // 100, "unknown")


def enhanced(reply: str) -> str:
    """The enhanced status code (RFC 3463, "5.1.1") that a reply's text begins with, or ""."""
    found = ENHANCED.match(reply)
    return found[1] if found else ""


def about_mailbox(code: int | None, reply: str) -> bool:
    """Whether a refusal says that this mailbox can't be reached, so that it counts against the address."""
    if code is None or not 500 <= code <= 599:
        return False
    status = enhanced(reply)
    # Without an enhanced code, 550 to 553 are what RFC 5321 (4.2.3) gives for mailboxes.
    if not status:
        return 550 <= code <= 553
    # 5.1.7 and 5.1.8 speak of the sender's address: ours. 5.4.1 is how large providers say "no such user".
    if status in ("5.1.7", "5.1.8"):
        return False
    return status.startswith(("5.1.", "5.2.")) or status == "5.4.1"


def our_trouble(outcomes: Sequence[Outcome]) -> bool:
    """Whether the newest refusals (oldest first, one a person) are one dislike of us, not of five mailboxes.

    Servers say at RCPT what they dislike in EHLO, client, sender or relay rights: the same code about
    something other than the mailbox, to the last five people refused, with nobody accepted between.
    """
    met: list[tuple[int | None, str]] = []
    for outcome in reversed(outcomes):
        if outcome.kind == "accepted" or len(met) == STREAK:
            break
        if outcome.kind == "refused":
            if about_mailbox(outcome.code, outcome.reply):
                break  # it looked the mailbox up, so it does talk to us
            met.append((outcome.code, enhanced(outcome.reply)))
    return len(met) == STREAK and len(set(met)) == 1


def retry_after(kind_of_mail: str, attempts: int, age: timedelta) -> timedelta | None:
    """How long a deferred letter waits after its `attempts`-th try (1, 2, ...), or None to give it up.

    `age` is the time since it was posted. A digest is never given up: the next slot carries it. Other mail
    is for a person who has just asked, so it is tried often, until its link would have expired.
    """
    if attempts < 1:
        raise ValueError(f"a deferred letter has had at least 1 attempt, not {attempts}")
    if kind_of_mail == DIGEST:
        return _doubled(DIGEST_FIRST, DIGEST_MOST, attempts)
    delay = timedelta(minutes=PEOPLE_MINUTES[min(attempts, len(PEOPLE_MINUTES)) - 1])
    return delay if age + delay < LINK_LIFE else None


def expired(kind_of_mail: str, age: timedelta) -> bool:
    """Whether a mail for a person who has asked is worthless by now: its link has expired. A digest never is."""
    return kind_of_mail != DIGEST and age >= LINK_LIFE


def pause_for(failures: int) -> timedelta:
    """How long the channel rests after its `failures`-th failure in a row (1, 2, ...).

    Short at first (a server that restarts), never more than a quarter of an hour: a confirmation asked for
    during an outage should follow its end closely.
    """
    if failures < 1:
        raise ValueError(f"a channel rests after at least 1 failure, not {failures}")
    return _doubled(PAUSE_FIRST, PAUSE_MOST, failures)


def _doubled(first: timedelta, most: timedelta, times: int) -> timedelta:
    # 2**30 minutes is far past any bound; a larger count would overflow timedelta.
    return min(most, first * (1 << min(times - 1, 30)))
