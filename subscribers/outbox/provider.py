"""An e-mail provider in the place of a mail server, by django-anymail: the same steps, and its POST is the dot.

Until the POST nothing has left. Whatever goes wrong once its bytes may have left leaves the letter unknown, save where
the provider says that it has not taken it. What is our own fault, or theirs, and no letter's, is `trouble`: then the
others would hear the same.
"""

from __future__ import annotations

import email.policy
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives, get_connection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, SSLError

from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome, Refusal
from subscribers.outbox.providerurl import Provider
from subscribers.outbox.wire import envelope, stuffed, text

CONNECT_TIMEOUT, TIMEOUT = 10.0, 60.0  # seconds
WAIT_MOST = 86_400.0  # seconds of a Retry-After that are believed
# Headers that are the provider's to write, or are said in another way.
NOT_SENT = frozenset(
    {"subject", "from", "to", "reply-to", "date", "mime-version", "content-type", "content-transfer-encoding",
     "dkim-signature"}
)  # fmt: skip
# Of those that keep a Message-ID only when they are asked to.
KEEP_ID: Mapping[str, Mapping[str, str]] = {"postmark": {"X-PM-KeepID": "true"}}
# By name, the HTTP header whose value makes a second POST of the same letter none.
IDEMPOTENT: Mapping[str, str] = {"resend": "Idempotency-Key"}
LATER = (408, 429)  # it has not taken the letter
OURS = (401, 402, 403, 404, 405, 407)  # key, account, address of the API: every letter would hear it


class ProviderSession:
    """Letters to a provider, one after the other."""

    def __init__(self, provider: Provider) -> None:
        self.trouble: Outcome | None = None
        self._provider = provider
        self._backend: Any = None
        self._staged: EmailMultiAlternatives | None = None
        self._begun = False  # the POST of the newest letter

    @property
    def alive(self) -> bool:
        """Whether letters can be staged: from open to close."""
        return self._backend is not None

    def open(self) -> None:
        """Get ready; nothing is sent. Refusal (`channel`) when the settings make no backend."""
        path = f"anymail.backends.{self._provider.name}.EmailBackend"
        asked: Any = {"timeout": (CONNECT_TIMEOUT, self._provider.timeout or TIMEOUT), **self._provider.settings}
        try:
            self._backend = get_connection(path, fail_silently=False, **asked)
            self._backend.open()
        except Exception as error:
            raise Refusal(Outcome("channel", "CONNECT", None, _said(error))) from error
        self._watch(self._backend.session)

    def _watch(self, session: requests.Session) -> None:
        """Notice when a POST begins: what fails before is no letter's doubt."""
        session.max_redirects = 0  # a redirected POST would become a GET
        request = session.request

        def begun(*arguments: Any, **named: Any) -> requests.Response:
            self._begun = True
            return request(*arguments, **named)

        session.request = begun  # type: ignore[method-assign]

    def stage(self, message: Message) -> None:
        """Make the provider's message of it. Refusal as over SMTP; ValueError when it is no mail."""
        if not self.alive or self._staged is not None:
            raise RuntimeError("staging needs an open session without another staged letter")
        envelope(message)
        stuffed(message)
        self._staged = as_django(message, KEEP_ID.get(self._provider.name, {}))

    def dot(self) -> Outcome:
        """The POST."""
        if self._staged is None:
            raise RuntimeError("there is no staged letter to post")
        letter, self._staged, self._begun = self._staged, None, False
        header = IDEMPOTENT.get(self._provider.name)
        if header:
            self._backend.session.headers[header] = letter.extra_headers["Message-ID"].strip("<>")
        try:
            self._backend.send_messages([letter])
        except Exception as error:
            outcome, ours = judged(error) if self._begun else (Outcome("deferred", "DOT", None, _said(error)), True)
            self.trouble = outcome._replace(kind="channel") if ours else None
            return outcome
        status: Any = letter.anymail_status  # type: ignore[attr-defined]
        return Outcome(
            "accepted", "DOT", 200, text(f"{'/'.join(sorted(status.status or ()))} {status.message_id or ''}")
        )

    def abandon(self) -> None:
        """Forget what was staged."""
        self._staged = None

    def close(self) -> None:
        """A staged letter is abandoned."""
        self._staged = None
        if self._backend is not None:
            self._backend.close()
            self._backend = None


def as_django(message: Message, more: Mapping[str, str]) -> EmailMultiAlternatives:
    """The same mail as Django knows it: both bodies, and every header that the provider doesn't write itself."""
    mail = email.message_from_bytes(message.data, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    headers = {name: str(value) for name, value in mail.items() if name.lower() not in NOT_SENT}
    reply_to = [str(mail["Reply-To"])] if mail["Reply-To"] else None
    made = EmailMultiAlternatives(
        str(mail["Subject"]), plain.get_content() if plain else "", str(mail["From"]), [message.recipient],
        headers={**headers, **more}, reply_to=reply_to,
    )  # fmt: skip
    if html is not None:
        made.attach_alternative(html.get_content(), "text/html")
    return made


def judged(error: Exception) -> tuple[Outcome, bool]:
    """What a POST that failed after it had begun means for its letter, and whether the trouble is no letter's."""
    if isinstance(error, AnymailRecipientsRefused):
        return _refused(error), False
    if not isinstance(error, AnymailError):
        # it stumbled over the answer: the letter may be gone
        return Outcome("unknown", "DOT", None, _said(error)), True
    response = getattr(error, "response", None)
    if response is None:
        kind = "deferred" if never_left(error) else "unknown"
        return Outcome(kind, "DOT", None, _said(error)), True  # type: ignore[arg-type]
    return _answered(response)


def _refused(error: AnymailRecipientsRefused) -> Outcome:
    """The provider knows the address as one that can't be mailed: as a mail server would say it (RFC 3463)."""
    status: Any = error.email_message.anymail_status
    kinds: set[str] = set(status.status or ())
    code, enhanced = (553, "5.1.3") if "invalid" in kinds else (550, "5.2.1")
    return Outcome("refused", "DOT", code, f"{enhanced} {_said(error)}")


def _answered(response: requests.Response) -> tuple[Outcome, bool]:
    code, said = response.status_code, text(response.content)
    if code in LATER or code in OURS:
        return Outcome("deferred", "DOT", code, said, _retry_after(response)), True
    if 400 <= code <= 499:
        return Outcome("refused", "DOT", code, said), False
    # 5xx: it may have taken the letter before it failed; 2xx: an answer that makes no sense
    return Outcome("unknown", "DOT", code, said), code >= 500


def never_left(error: BaseException) -> bool:
    """Whether a failure says for certain that no byte of the POST has left."""
    cause = error.__cause__
    if isinstance(cause, (requests.ConnectTimeout, requests.exceptions.SSLError, requests.TooManyRedirects)):
        return True
    if isinstance(cause, (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema)):
        return True
    inner = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return isinstance(inner, (NewConnectionError, ConnectTimeoutError, SSLError))


def _retry_after(response: requests.Response) -> float:
    """Seconds (RFC 9110, 10.2.3); a date is left to our own distances."""
    said = response.headers.get("Retry-After", "")
    return min(float(said), WAIT_MOST) if said.isascii() and said.isdecimal() else 0.0


def _said(error: Exception) -> str:
    return text(f"{type(error).__name__}: {error}")
