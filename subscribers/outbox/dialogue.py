"""What is said about a letter over a connection: everything but its dot, then the dot. Steps, as in `connection`.

    stage(line, mail)           MAIL, RCPT, DATA and the whole body: everything but the dot
    (the caller's compare-and-set: may this letter leave?)
    dot(line, following)        one write; yields the outcome; behind it at once the next letter's envelope

The compare-and-set stands behind the body, not before DATA: a crash between it and the reply leaves a letter
unknown, so nothing but the dot may lie in between. The price: once DATA has begun, SMTP knows no way back.
RSET would be one more line of the mail, and the dot would send it. So abandoning cuts the connection, and the
server forgets the mail (RFC 5321, 4.1.1.10). It happens only to those who leave, or are carried, just then.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from subscribers.outbox.connection import END, Connection
from subscribers.outbox.link import Steps
from subscribers.outbox.policy import OUT_OF_STEP, Refusal, Stage, classify
from subscribers.outbox.wire import Mail

DOT = b"." + END
STAGES: Sequence[Stage] = ("MAIL", "RCPT", "DATA")  # the lines of `Mail.envelope`


def stage(line: Connection, mail: Mail, *, said: bool = False) -> Steps[None]:
    """MAIL, RCPT, DATA and the body; no byte of the dot leaves. Refusal when the server does not go along: the
    connection is then back where MAIL may be said, or cut. `said`: the envelope has been sent already.
    """
    try:
        if line.pipelining:
            if not said:
                yield from line.send("MAIL", mail.envelope)
            yield from _answers(line)
        else:
            for stage, command in zip(STAGES, mail.envelope.splitlines(keepends=True), strict=True):
                yield from line.send(stage, command)
                yield from line.expect(stage)
    except Refusal as refusal:
        if refusal.outcome.code == OUT_OF_STEP:
            line.cut()  # its next replies may answer other commands than ours
        yield from _reset(line)
        raise
    yield from line.send("BODY", mail.body)


def dot(line: Connection, following: Mail | None = None, sent: int = 0) -> Steps[None]:
    """The dot of the staged letter: yields its outcome. Behind it in the same write (RFC 2920, where the server
    allows it) goes the envelope of the next letter, which is staged then. `sent`: bytes that have left already.

    Of the next letter Refusal as from `stage`; when the connection has ended with the dot it never had its turn.
    """
    ahead = following if line.pipelining else None
    try:
        yield from line.send("DOT", (DOT if ahead is None else behind(ahead))[sent:])
    except Refusal as lost:
        yield lost.outcome
    else:
        yield from replies(line, following)


def behind(following: Mail) -> bytes:
    """A dot and the envelope behind it."""
    return DOT + following.envelope


def replies(line: Connection, following: Mail | None) -> Steps[None]:
    """What the server answers to a dot that has left, and then to the next letter: as from `dot`."""
    try:
        outcome = classify("DOT", *(yield from line.read("DOT")))
    except Refusal as lost:
        outcome = lost.outcome
    yield outcome
    if following is not None and line.alive:
        yield from stage(line, following, said=line.pipelining)


def spoken_too_early(line: Connection) -> Refusal | None:
    """Before a dot: whether the server spoke into the letter, or left; the connection is then cut.

    Such a letter is unsent for certain as long as the dot stays here: this makes most lost connections `deferred`
    that would be `unknown`.
    """
    early = line.early_word()
    if early is None:
        return None
    line.cut()
    return Refusal(classify("BODY", None, f"before the dot the server {early}"))


def _answers(line: Connection) -> Steps[None]:
    """The replies to the three commands, which went out together: one round trip instead of three."""
    refusals: list[Refusal] = []
    for stage in STAGES:
        try:
            yield from line.expect(stage)
        except Refusal as refusal:
            refusals.append(refusal)
        if not line.alive:
            break
    else:
        # It refused the mail and yet waits for its body (RFC 2920, 3.1): RSET would be taken for the body.
        if refusals and all(refusal.outcome.stage != "DATA" for refusal in refusals):
            line.cut()
    if refusals:
        raise refusals[0]


def _reset(line: Connection) -> Steps[None]:
    """Back to where MAIL may be said; a server that can't go there is left."""
    if line.alive:
        with suppress(Refusal):
            yield from line.command("RSET", b"RSET")
            return
        line.cut()
