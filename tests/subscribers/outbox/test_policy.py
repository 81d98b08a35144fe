"""What becomes of a letter."""

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers.outbox.policy import (
    LINK_LIFE,
    MOVES,
    REASONS,
    STATES,
    Outcome,
    Refusal,
    Stage,
    State,
    about_mailbox,
    classify,
    enhanced,
    our_trouble,
    passes,
    pause_for,
    retry_after,
)

STAGES = get_args(Stage)
CODES = st.none() | st.integers(-1, 999)
fast = settings(deadline=None, max_examples=200)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_the_moves_are_these_and_no_others() -> None:
    assert {state: sorted(after) for state, after in MOVES.items()} == {
        "waiting": ["cancelled", "deferred", "dotted", "refused", "unknown"],
        "dotted": ["accepted", "cancelled", "deferred", "refused", "unknown"],
        "deferred": ["cancelled", "unknown", "waiting"],
        "accepted": [],
        "refused": ["deferred"],
        "unknown": ["accepted", "cancelled", "deferred", "refused", "waiting"],
        "cancelled": [],
    }


def test_the_states_are_the_ones_of_their_type_and_each_move_has_its_reason() -> None:
    assert get_args(State) == STATES
    assert all(reason and reason[0].islower() for reason in REASONS.values())


def test_only_a_dot_leads_to_accepted_or_to_people_who_know() -> None:
    assert {before for before, after in REASONS if after == "accepted"} == {"dotted", "unknown"}


@pytest.mark.parametrize(
    ("stage", "code", "kind"),
    [
        *[(stage, code, "channel") for stage in ("CONNECT", "EHLO", "AUTH") for code in (None, 421, 450, 550, 334)],
        *[(stage, None, "deferred") for stage in ("MAIL", "RCPT", "DATA", "BODY", "RSET")],
        *[(stage, code, "deferred") for stage in ("MAIL", "RCPT", "DATA", "BODY", "RSET") for code in (421, 450, 452)],
        ("MAIL", 550, "channel"),
        ("RSET", 500, "channel"),
        ("RCPT", 550, "refused"),
        ("RCPT", 504, "refused"),
        ("RCPT", 503, "deferred"),
        ("MAIL", 503, "channel"),
        ("DATA", 554, "deferred"),
        ("BODY", 554, "deferred"),
        ("DATA", 250, "deferred"),
        ("MAIL", 354, "deferred"),
        ("DOT", None, "unknown"),
        ("DOT", 250, "accepted"),
        ("DOT", 251, "accepted"),
        ("DOT", 354, "unknown"),
        ("DOT", 421, "deferred"),
        ("DOT", 452, "deferred"),
        ("DOT", 552, "refused"),
        ("DOT", 25, "unknown"),
    ],
)
def test_a_reply_means_what_its_stage_makes_of_it(stage: Stage, code: int | None, kind: str) -> None:
    assert classify(stage, code, "words") == Outcome(kind, stage, code, "words")  # type: ignore[arg-type]


@pytest.mark.parametrize(("stage", "code"), [("MAIL", 250), ("DATA", 354), ("AUTH", 235), ("CONNECT", 220)])
def test_a_good_reply_before_the_dot_is_no_outcome(stage: Stage, code: int) -> None:
    assert passes(stage, code)
    with pytest.raises(ValueError, match=f"{code} at {stage}"):
        classify(stage, code, "")


@fast
@given(st.sampled_from(STAGES), CODES)
def test_nothing_but_a_lost_dot_is_unknown_and_only_a_dot_is_accepted(stage: Stage, code: int | None) -> None:
    if stage == "DOT" or not passes(stage, code):
        kind = classify(stage, code, "").kind
        assert stage == "DOT" or kind not in ("unknown", "accepted")
        assert kind != "accepted" or (code is not None and 200 <= code <= 299)
        assert kind != "refused" or (stage in ("RCPT", "DOT") and code is not None and 500 <= code <= 599)
        assert stage != "DOT" or kind != "channel"


def test_a_refusal_says_where_and_what() -> None:
    refusal = Refusal(classify("RCPT", 550, "5.1.1 no such user"))
    assert str(refusal) == "refused at RCPT: 550 5.1.1 no such user"
    assert str(Refusal(classify("MAIL", None, "timed out"))) == "deferred at MAIL: no reply timed out"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("5.1.1 no such user", "5.1.1"),
        ("4.7.1", "4.7.1"),
        ("no such user", ""),
        ("5.1.1.2 what", ""),
        ("10.5.1.1 is blocked", ""),
        ("3.1.1 odd", ""),
        ("", ""),
    ],
)
def test_the_enhanced_code_is_the_first_word(reply: str, code: str) -> None:
    assert enhanced(reply) == code


@pytest.mark.parametrize(
    ("code", "reply", "about"),
    [
        (550, "5.1.1 no such user", True),
        (550, "5.2.1 disabled", True),
        (552, "5.2.2 full", True),
        (550, "5.4.1 access denied", True),
        (550, "no such user", True),
        (551, "moved", True),
        (552, "full", True),
        (553, "bad name", True),
        (554, "no", False),
        (504, "5.5.2 <h>: Helo command rejected", False),
        (554, "5.7.1 Relay access denied", False),
        (550, "5.7.1 blocked", False),
        (550, "5.4.4 no route", False),
        (550, "5.1.8 bad sender", False),
        (553, "5.1.7 bad sender", False),
        (450, "4.1.1 later", False),
        (450, "5.1.1 odd", False),
        (550, "4.1.1 odd", False),
        (None, "5.1.1 odd", False),
    ],
)
def test_a_refusal_counts_against_an_address_only_when_it_is_about_it(
    code: int | None, reply: str, about: bool
) -> None:
    assert about_mailbox(code, reply) is about


def said(code: int, reply: str) -> Outcome:
    return classify("RCPT" if code >= 400 else "DOT", code, reply)


HELO = said(504, "5.5.2 <h>: Helo command rejected")
RELAY = said(554, "5.7.1 Relay access denied")
NOBODY = said(550, "5.1.1 no such user")
TAKEN = said(250, "2.0.0 ok")
LATER = said(450, "4.2.0 greylisted")


@pytest.mark.parametrize(
    ("outcomes", "ours"),
    [
        ([HELO] * 5, True),
        ([TAKEN] + [HELO] * 5, True),
        ([HELO] * 4, False),
        ([HELO] * 4 + [TAKEN] + [HELO] * 4, False),
        ([HELO] * 5 + [TAKEN], False),
        ([HELO, HELO, LATER, HELO, HELO, HELO], True),
        ([HELO, HELO, RELAY, HELO, HELO], False),
        ([RELAY] + [HELO] * 5, True),
        ([NOBODY] * 9, False),
        ([HELO, HELO, NOBODY, HELO, HELO, HELO], False),
        ([], False),
    ],
)
def test_five_people_refused_for_one_other_reason_are_our_trouble(outcomes: list[Outcome], ours: bool) -> None:
    assert our_trouble(outcomes) is ours


def test_the_words_may_differ_when_the_code_is_the_same() -> None:
    assert our_trouble([said(554, f"5.7.1 <r{n}@example.org>: Relay access denied") for n in range(5)])


def test_a_person_who_waits_is_tried_often_and_a_digest_ever_more_slowly() -> None:
    assert [retry_after("confirm", n, hours(1)) for n in (1, 2, 3, 4, 5, 6, 99)] == [
        minutes(n) for n in (1, 2, 5, 10, 15, 15, 15)
    ]
    assert [retry_after("digest", n, hours(1)) for n in (1, 2, 3, 4, 5, 6, 7, 8)] == [
        minutes(n) for n in (5, 10, 20, 40, 80, 160, 240, 240)
    ]


def test_mail_with_a_link_is_given_up_when_it_would_come_after_the_link() -> None:
    assert retry_after("confirm", 9, LINK_LIFE - minutes(16)) == minutes(15)
    assert retry_after("confirm", 9, LINK_LIFE - minutes(15)) is None
    assert retry_after("confirm", 1, LINK_LIFE + hours(100)) is None


@fast
@given(st.integers(1, 10**6), st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=999)))
def test_a_digest_is_never_given_up(attempts: int, age: timedelta) -> None:
    delay = retry_after("digest", attempts, age)
    assert delay is not None
    assert minutes(5) <= delay <= hours(4)


def test_a_channel_rests_longer_each_time_but_never_long() -> None:
    assert [pause_for(n) for n in (1, 2, 3, 4, 5, 1000)] == [minutes(n) for n in (1, 2, 4, 8, 15, 15)]


def test_no_attempts_and_no_failures_are_mistakes() -> None:
    with pytest.raises(ValueError, match="at least 1 attempt"):
        retry_after("digest", 0, hours(0))
    with pytest.raises(ValueError, match="at least 1 failure"):
        pause_for(0)
