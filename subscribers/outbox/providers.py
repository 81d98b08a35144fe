"""Which e-mail providers may report to us by webhook, and what proves that a report is theirs. Pure.

A provider that signs its webhooks is known by its key; the others by a user and a password that only they and we know,
in the address they are given. The names are django-anymail's, which reads them all.
"""

from __future__ import annotations

from collections.abc import Mapping

SECRET = "WEBHOOK_SECRET"  # noqa: S105 - the name of a setting: "user:password" of the webhooks' address
SECRET_AT_LEAST = 20  # characters
# The provider's own key. None: it signs nothing (or, Resend, only for those who install svix).
KEYS: Mapping[str, str | None] = {
    "brevo": None,
    "mailersend": "MAILERSEND_SIGNING_SECRET",
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "mailjet": None,
    "mailtrap": None,
    "mandrill": "MANDRILL_WEBHOOK_KEY",
    "postal": "POSTAL_WEBHOOK_KEY",
    "postmark": None,
    "resend": None,
    "sparkpost": None,
    "unisender_go": "UNISENDER_GO_API_KEY",
}


def read_names(text: str, anymail: Mapping[str, str]) -> tuple[str, ...]:
    """WEBHOOKS: names with commas between, each provable with the ANYMAIL_... settings given without that prefix.

    ValueError with one line for a name that isn't known, or whose reports anybody could forge.
    """
    names = tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))
    for name in names:
        if name not in KEYS:
            raise ValueError(f"{name!r} is no provider whose webhooks are read; these are: {', '.join(KEYS)}")
        key = KEYS[name]
        if key is not None and not anymail.get(key):
            raise ValueError(f"{name} signs its webhooks: set ANYMAIL_{key} to the key that its pages show")
        if key is None and not _secret(anymail):
            raise ValueError(
                f"{name} doesn't sign its webhooks: set ANYMAIL_{SECRET} to user:password, {SECRET_AT_LEAST} characters"
                " or more, and give it the address https://user:password@HOST/webhooks/" + name
            )
    return names


def _secret(anymail: Mapping[str, str]) -> bool:
    secret = anymail.get(SECRET, "")
    return len(secret) >= SECRET_AT_LEAST and secret.find(":") > 0
