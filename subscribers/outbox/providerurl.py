"""EMAIL_URL of an e-mail provider: anymail+NAME://KEY@?option=value. Pure.

The names, and what a provider needs, are django-anymail's; so are the options, in small letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CONNECTIONS = 8
# What stands before the @, by the names of django-anymail's settings; then the options that must be given.
KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "brevo": (("api_key",), ()),
    "mailersend": (("api_token",), ()),
    "mailgun": (("api_key",), ()),
    "mailjet": (("api_key", "secret_key"), ()),
    "mailtrap": (("api_token",), ()),
    "mandrill": (("api_key",), ()),
    "postal": (("api_key",), ("api_url",)),
    "postmark": (("server_token",), ()),
    "resend": (("api_key",), ()),
    "scaleway": (("secret_key",), ("project_id",)),
    "sparkpost": (("api_key",), ()),
    "unisender_go": (("api_key",), ("api_url",)),
}
OPTIONS = frozenset({"api_url", "message_stream", "project_id", "region", "sender_domain", "subaccount"})


@dataclass(frozen=True, slots=True)
class Provider:
    """An e-mail provider, with the settings of its django-anymail backend. `timeout` in seconds, for an answer;
    `connections` are used at once by one sender.
    """

    name: str
    settings: Mapping[str, str] = field(repr=False)
    timeout: float | None = None
    connections: int = CONNECTIONS


def settings_of(name: str, keys: list[str], options: Mapping[str, str]) -> dict[str, str]:
    """The backend's settings, from what stands before the @ and the options. ValueError says what is missing or too
    much, without quoting any of it.
    """
    wanted, needed = KEYS[name]
    if len(keys) != len(wanted) or not all(keys):
        raise ValueError(f"before the @ it needs {' and '.join(wanted)} of {name}, with : between two")
    unknown = options.keys() - OPTIONS
    if unknown:
        raise ValueError("it has an option that is none")
    missing = [option for option in needed if not options.get(option)]
    if missing:
        raise ValueError(f"{name} needs the option {missing[0]}")
    return dict(zip(wanted, keys, strict=True)) | dict(options)
