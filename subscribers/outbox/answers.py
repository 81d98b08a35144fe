"""What an e-mail provider's answer to a POST means for its letter. Pure.

It has taken the letter, or it says that it has not: later, or never. Whatever says neither leaves the letter unknown.
The words are the providers' own, the statuses django-anymail's (its `ANYMAIL_STATUSES`), which reads them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple

from subscribers.outbox.policy import Kind, Outcome
from subscribers.outbox.wire import text

TAKEN = frozenset({"sent", "queued"})
GIVEN_UP = frozenset({"rejected", "invalid"})
# Why an address is not mailed: Mandrill's `reject_reason`, MailerSend's `reason`, Unisender Go's `failed_emails`.
MAILBOX: Mapping[str, str] = {
    "invalid": "5.1.3",
    "hard-bounce": "5.1.1",
    "hard_bounced": "5.1.1",
    "permanent_unavailable": "5.2.1",
    "soft-bounce": "5.2.1",
}
ABOUT_US = frozenset({"invalid-sender", "test-mode-limit", "unsigned", "rule", "payment", "payment-required"})
INACTIVE = frozenset({"postmark"})  # gives up no address for another reason than its bounces or its owner's word
# How they say that one letter was not taken. Where nothing was said, the backends of some call it "failed", too.
FAILED = frozenset({"error", "failed", "canceled", "failed_emails"})
# By name, the HTTP header whose value makes a second POST of the same letter none.
IDEMPOTENT: Mapping[str, str] = {"resend": "Idempotency-Key"}
# Its answers to a second POST while the first is at work, or of which the first was worded differently.
USED_BEFORE = frozenset({"concurrent_idempotent_requests", "invalid_idempotent_request"})
# What Mandrill says under one code, 500, by name: the letter was not taken. A GeneralError may be anything.
NAMED: Mapping[str, tuple[Kind, bool]] = {
    "Invalid_Key": ("deferred", True),
    "PaymentRequired": ("deferred", True),
    "Unknown_Subaccount": ("deferred", True),
    "ValidationError": ("refused", False),
}
LATER = frozenset({408, 420, 425, 429})  # it has not taken the letter; 420 is SparkPost's word for it
# Key, account, address of the API, and how we speak to it: every letter would hear it.
OURS = frozenset({401, 402, 403, 404, 405, 406, 407, 410, 415, 421, 426})
# How some say no under the code of a yes: as their documentation has it, whatever the rest says.
NO: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "mailjet": lambda said: "ErrorCode" in said,
    "mailtrap": lambda said: said.get("success") is False,
    "postal": lambda said: said.get("status") in ("error", "parameter-error"),
    "postmark": lambda said: said.get("ErrorCode", 0) != 0,
}


class Answer(NamedTuple):
    """An answer to a POST: the provider's name, the HTTP code, the body, the seconds for which it wants no more."""

    provider: str
    code: int
    body: bytes
    wait: float = 0.0


class Meaning(NamedTuple):
    """What becomes of the letter, and whether the trouble is no letter's: then the others would hear the same."""

    outcome: Outcome
    ours: bool


def read_statuses(answer: Answer, statuses: Set[str], number: str) -> Meaning:
    """An answer in which the backend has found these statuses of the letter's one recipient, and this number."""
    if statuses & TAKEN and number:
        said = f"{'/'.join(sorted(statuses))} {number}"
        return Meaning(Outcome("accepted", "DOT", answer.code, text(said)), False)
    if statuses and statuses <= GIVEN_UP:
        return _given_up(answer, statuses)
    if statuses == {"failed"} and answer.code < 300 and FAILED & words(answer.body):
        return _meaning(answer, "deferred", ours=False)
    return read_answer(answer)  # also one that is a no by its code: some backends read these themselves


def read_answer(answer: Answer) -> Meaning:
    """An answer in which no status was found, or none that says anything."""
    code = answer.code
    if code == 409 and answer.provider in IDEMPOTENT:
        # The first POST came in, and nobody has heard what became of it.
        return _meaning(answer, "unknown", ours=not USED_BEFORE & words(answer.body))
    if code in LATER or code in OURS or 300 <= code <= 399:
        return _meaning(answer, "deferred", ours=True)
    if 400 <= code <= 499:
        return _meaning(answer, "refused", ours=False)
    if answer.provider == "mandrill":
        for name in NAMED.keys() & words(answer.body):
            kind, ours = NAMED[name]
            return _meaning(answer, kind, ours=ours)
    if code < 300 and _says_no(answer):
        return _meaning(answer, "deferred", ours=True)
    # 5xx: it may have taken the letter before it failed; 2xx: an answer that makes no sense
    return _meaning(answer, "unknown", ours=True)


def _says_no(answer: Answer) -> bool:
    """Whether it says by its own convention, if not by its code, that it has taken nothing."""
    said = _json(answer.body)
    no = NO.get(answer.provider)
    return no is not None and isinstance(said, dict) and no(said)


def _given_up(answer: Answer, statuses: Set[str]) -> Meaning:
    """The provider doesn't mail this address: as a mail server would say why (RFC 3463). Only what is known of the
    mailbox counts against it; a reason that is not told may be us.
    """
    reasons = words(answer.body) | statuses
    if reasons & ABOUT_US:
        return _meaning(answer, "deferred", ours=True)
    status = next((status for word, status in MAILBOX.items() if word in reasons), "")
    status = status or ("5.2.1" if answer.provider in INACTIVE else "5.7.1")
    code = 553 if status == "5.1.3" else 550
    return Meaning(Outcome("refused", "DOT", code, text(f"{status} {text(answer.body)}")), False)


def _meaning(answer: Answer, kind: Kind, *, ours: bool) -> Meaning:
    wait = answer.wait if kind == "deferred" else 0.0
    return Meaning(Outcome(kind, "DOT", answer.code, text(answer.body), wait), ours)


def words(body: bytes) -> frozenset[str]:
    """All strings of a JSON text, names and values; none when it is no JSON."""
    left = [_json(body)]
    found = set()
    while left:
        one = left.pop()
        if isinstance(one, str):
            found.add(one)
        elif isinstance(one, list):
            left.extend(one)
        elif isinstance(one, dict):
            left.extend((*one, *one.values()))
    return frozenset(found)


def _json(body: bytes) -> Any:
    """What a JSON text says; None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
