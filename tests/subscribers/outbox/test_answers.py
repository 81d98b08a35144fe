"""What e-mail providers answer to a POST, and what it means: each as its own backend of django-anymail reads it."""

from typing import Any

import pytest

from subscribers.outbox.answers import Answer, read_answer
from subscribers.outbox.policy import about_mailbox
from tests.provider import Api, posted

TO = "r1@example.org"
OPTIONS = {"mailgun": {"sender_domain": "example.org"}, "scaleway": {"project_id": "p"}}


def answered(api: Api, name: str, said: Any, code: int = 200) -> tuple[str, int | None, bool]:
    """The kind of outcome and its code, and whether the trouble is no letter's."""
    api.says = (code, said)
    outcome, trouble = posted(api.place(name, **OPTIONS.get(name, {})))
    assert len(api.posts) == 1
    return outcome.kind, outcome.code, trouble is not None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("brevo", {"messageId": "<1@brevo>"}),
        ("mailgun", {"id": "<1@mailgun>", "message": "Queued. Thank you."}),
        ("mailjet", {"Messages": [{"Status": "success", "To": [{"Email": TO, "MessageID": 1}]}]}),
        ("mailjet", {"Messages": [{"Status": "success", "To": [{"Email": TO.upper(), "MessageID": 1}]}]}),
        ("mailtrap", {"success": True, "message_ids": ["1"]}),
        ("mandrill", [{"email": TO, "status": "sent", "_id": "1"}]),
        ("postal", {"status": "success", "data": {"messages": {TO: {"id": 1}}}}),
        ("resend", {"id": "1"}),
        ("scaleway", {"emails": [{"id": "1", "mail_rcpt": TO, "status": "sending"}]}),
        ("sparkpost", {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": "1"}}),
        ("unisender_go", {"status": "success", "job_id": "1", "emails": [TO]}),
    ],
)
def test_what_a_provider_says_when_it_has_taken_the_letter(api: Api, name: str, said: Any):
    assert answered(api, name, said) == ("accepted", 200, False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scaleway", {"emails": [{"id": "1", "mail_rcpt": TO, "status": "failed"}]}),
        ("scaleway", {"emails": [{"id": "1", "mail_rcpt": TO, "status": "canceled"}]}),
        ("mailjet", {"Messages": [{"Status": "error", "Errors": [{"ErrorCode": "mj-0002", "StatusCode": 400}]}]}),
        ("unisender_go", {"job_id": "1", "emails": [], "failed_emails": {TO: "temporary_unavailable"}}),
        ("unisender_go", {"job_id": "1", "emails": [], "failed_emails": {TO: "of another kind"}}),
    ],
)
def test_a_letter_that_failed_was_not_taken_and_is_tried_again(api: Api, name: str, said: Any):
    assert answered(api, name, said) == ("deferred", 200, False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mandrill", [{"email": TO, "status": "error"}]),
        ("mandrill", [{"email": TO, "status": "scheduled", "_id": "1"}]),
        ("scaleway", {"emails": [{"id": "1", "mail_rcpt": TO, "status": "unknown"}]}),
        ("sparkpost", {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 0, "id": "1"}}),
        ("mailjet", {"Messages": []}),
        ("mailjet", {"Messages": [{"Status": "success", "To": []}]}),
        ("mailersend", {}),
        ("brevo", b""),  # taken, says the backend; but the answer names no mail
    ],
)
def test_an_answer_that_says_neither_yes_nor_no_leaves_the_letter_unknown(api: Api, name: str, said: Any):
    assert answered(api, name, said) == ("unknown", 200, True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("postmark", b"<html>Please log in</html>"),
        ("postmark", {}),
        ("postmark", [1]),
        ("postmark", None),
        ("resend", {}),
        ("mailgun", {"message": "Queued. Thank you."}),
        ("mailtrap", {"success": True, "message_ids": []}),
        ("sparkpost", {"results": {}}),
        ("unisender_go", {"status": "success"}),
        ("mandrill", [[[[]]]]),
        ("scaleway", b"[" * 100_000),
    ],
)
def test_after_an_answer_that_makes_no_sense_the_others_wait(api: Api, name: str, said: Any):
    kind, _, ours = answered(api, name, said)
    assert (kind, ours) == ("unknown", True)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mailtrap", {"success": False, "errors": ["Not allowed"]}),
        ("postal", {"status": "error", "data": {"code": "InvalidServerAPIKey"}}),
        ("postal", {"status": "parameter-error", "data": {}}),
        ("postmark", {"ErrorCode": 405, "Message": "Not allowed to send"}),
        ("mailjet", {"ErrorCode": "mj-0001", "ErrorMessage": "Unknown"}),
    ],
)
def test_a_no_under_the_code_of_a_yes_is_a_no_about_us(api: Api, name: str, said: Any):
    assert answered(api, name, said) == ("deferred", 200, True)


def test_a_status_that_is_not_known_is_no_yes_where_the_answer_itself_is_a_no(api: Api):
    assert answered(api, "postmark", {"ErrorCode": 406, "Message": "in other words"}, 422) == ("refused", 422, False)


@pytest.mark.parametrize("name", ["concurrent_idempotent_requests", "invalid_idempotent_request"])
def test_a_key_that_was_used_before_says_that_the_first_post_came_in(api: Api, name: str):
    assert answered(api, "resend", {"statusCode": 409, "name": name, "message": "..."}, 409) == ("unknown", 409, False)


@pytest.mark.parametrize(
    ("provider", "code", "kind", "ours"),
    [
        ("resend", 409, "unknown", True),  # whatever it is about, it may be about the key
        ("postmark", 409, "refused", False),
        *[("postmark", code, "deferred", True) for code in (401, 402, 403, 404, 405, 406, 407, 410, 415, 421, 426)],
        *[("postmark", code, "deferred", True) for code in (408, 420, 425, 429)],
        *[("postmark", code, "deferred", True) for code in (300, 304)],
        *[("postmark", code, "refused", False) for code in (400, 413, 451)],
        *[("postmark", code, "unknown", True) for code in (500, 502, 503, 504, 599)],
    ],
)
def test_what_a_code_means_by_itself(provider: str, code: int, kind: str, ours: bool):
    outcome, is_ours = read_answer(Answer(provider, code, b"<html>", wait=5.0))
    assert (outcome.kind, outcome.code, is_ours) == (kind, code, ours)
    assert outcome.wait == (5.0 if kind == "deferred" else 0.0)


def suppressed(*reasons: str) -> dict[str, Any]:
    return {"warnings": [{"type": "ALL_SUPPRESSED", "recipients": [{"email": TO, "reason": list(reasons)}]}]}


def refusal(reason: str | None) -> list[dict[str, Any]]:
    return [{"email": TO, "status": "rejected", "reject_reason": reason, "_id": "1"}]


@pytest.mark.parametrize(
    "reason", ["invalid-sender", "test-mode-limit", "unsigned", "rule", "payment", "payment-required"]
)
def test_what_is_rejected_because_of_us_blames_nobody(api: Api, reason: str):
    assert answered(api, "mandrill", refusal(reason)) == ("deferred", 200, True)


def test_the_alert_that_this_raises_names_no_recipient(api: Api):
    api.says = (200, [{"email": TO.upper(), "status": "rejected", "reject_reason": "unsigned"}])
    outcome, trouble = posted(api.place("mandrill"))
    assert trouble is not None
    assert (TO.upper() in outcome.reply, "@" in trouble.reply, "unsigned" in trouble.reply) == (True, False, True)


@pytest.mark.parametrize(
    ("name", "said", "reply", "counts"),
    [
        ("mandrill", refusal("hard-bounce"), "550 5.1.1", True),
        ("mandrill", refusal("soft-bounce"), "550 5.2.1", True),
        ("mandrill", refusal("invalid"), "553 5.1.3", True),
        ("mandrill", [{"email": TO, "status": "invalid"}], "553 5.1.3", True),
        ("mandrill", refusal("spam"), "550 5.7.1", False),
        ("mandrill", refusal("unsub"), "550 5.7.1", False),
        ("mandrill", refusal("custom"), "550 5.7.1", False),
        ("mandrill", refusal(None), "550 5.7.1", False),
        ("mailersend", suppressed("hard_bounced"), "550 5.1.1", True),
        ("mailersend", suppressed("spam_complaint", "hard_bounced"), "550 5.1.1", True),
        ("mailersend", suppressed("unsubscribed"), "550 5.7.1", False),
        ("mailersend", suppressed(), "550 5.7.1", False),
        ("unisender_go", {"emails": [], "failed_emails": {TO: "permanent_unavailable"}}, "550 5.2.1", True),
        ("unisender_go", {"emails": [], "failed_emails": {TO: "invalid"}}, "553 5.1.3", True),
        ("unisender_go", {"emails": [], "failed_emails": {TO: "unsubscribed"}}, "550 5.7.1", False),
        ("sparkpost", {"results": {"total_rejected_recipients": 1, "total_accepted_recipients": 0, "id": "1"}},
         "550 5.7.1", False),
    ],
)  # fmt: skip
def test_what_is_rejected_because_of_the_recipient_counts_when_their_mailbox_is_bad(
    api: Api, name: str, said: Any, reply: str, counts: bool
):
    api.says = (200, said)
    outcome, trouble = posted(api.place(name))
    assert (outcome.kind, trouble) == ("refused", None)
    assert f"{outcome.code} {outcome.reply}".startswith(reply)
    assert about_mailbox(outcome.code, outcome.reply) == counts


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mandrill", []),
        ("postal", {"status": "success", "data": {"messages": {}}}),
        ("scaleway", {"emails": []}),
        ("unisender_go", {"status": "success", "job_id": "1", "emails": []}),
    ],
)
def test_an_answer_about_nobody_refuses_nobody(api: Api, name: str, said: Any):
    assert answered(api, name, said) == ("unknown", 200, True)


@pytest.mark.parametrize(
    ("name", "kind", "ours"),
    [
        ("Invalid_Key", "deferred", True),
        ("PaymentRequired", "deferred", True),
        ("Unknown_Subaccount", "deferred", True),
        ("ValidationError", "refused", False),
        ("GeneralError", "unknown", True),
    ],
)
def test_mandrill_says_everything_that_is_wrong_under_one_code(api: Api, name: str, kind: str, ours: bool):
    said = {"status": "error", "code": -1, "name": name, "message": "..."}
    assert answered(api, "mandrill", said, 500) == (kind, 500, ours)
