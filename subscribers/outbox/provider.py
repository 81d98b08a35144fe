"""An e-mail provider in the place of a mail server, by django-anymail: the same steps, and its POST is the dot.

Until the POST nothing has left. Whatever goes wrong once its bytes may have left leaves the letter unknown, save where
the provider says that it has not taken it. What is our own fault, or theirs, and no letter's, is `trouble`: then the
others would hear the same.
"""

from __future__ import annotations

import email.policy
import re
from collections.abc import Mapping
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

import requests
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives, get_connection
from requests.exceptions import InvalidURL, MissingSchema
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from subscribers.outbox.answers import IDEMPOTENT, Answer, Meaning, read_answer, read_statuses
from subscribers.outbox.limited import limited
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
        self._watch(limited(self._backend.session))

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
        outcome, ours = self._posted(letter)
        # An alert outlives people, and has nothing to do with them.
        said = re.sub(re.escape(letter.to[0]), "…", outcome.reply, flags=re.IGNORECASE)
        self.trouble = outcome._replace(kind="channel", reply=said) if ours else None
        return outcome

    def _posted(self, letter: EmailMultiAlternatives) -> Meaning:
        try:
            with suppress(AnymailRecipientsRefused):  # its statuses say so, too
                self._backend.send_messages([letter])
            return self._read(letter.anymail_status)  # type: ignore[attr-defined]
        except Exception as error:
            return self._failed(error)

    def _read(self, status: Any) -> Meaning:
        if status.esp_response is None:
            raise RuntimeError("nothing was posted")
        numbers = {one.message_id for one in status.recipients.values() if one.message_id}
        answer = answer_of(self._provider.name, status.esp_response)
        return read_statuses(answer, set(status.status or ()), " ".join(sorted(map(str, numbers))))

    def _failed(self, error: Exception) -> Meaning:
        if not self._begun:
            return Meaning(Outcome("deferred", "DOT", None, _said(error)), ours=True)
        return judged(self._provider.name, error)

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


def judged(provider: str, error: Exception) -> Meaning:
    """What a POST that failed after it had begun means."""
    if not isinstance(error, AnymailError):
        # it stumbled over the answer: the letter may be gone
        return Meaning(Outcome("unknown", "DOT", None, _said(error)), ours=True)
    response = getattr(error, "response", None)
    if response is None:
        return Meaning(Outcome("deferred" if never_left(error) else "unknown", "DOT", None, _said(error)), ours=True)
    return read_answer(answer_of(provider, response))


def answer_of(provider: str, response: requests.Response) -> Answer:
    """The answer that a provider has given."""
    return Answer(provider, response.status_code, response.content, _retry_after(response))


def never_left(error: BaseException) -> bool:
    """Whether a failure says for certain that no byte of the POST has left."""
    cause = error.__cause__
    if isinstance(cause, (requests.ConnectTimeout, requests.TooManyRedirects, InvalidURL, MissingSchema)):
        return True
    inner = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return isinstance(inner, (NewConnectionError, ConnectTimeoutError, ProxyError))


def _retry_after(response: requests.Response) -> float:
    """Seconds (RFC 9110, 10.2.3); a date is left to our own distances."""
    said = response.headers.get("Retry-After", "")
    return min(float(said), WAIT_MOST) if said.isascii() and said.isdecimal() else 0.0


def _said(error: Exception) -> str:
    return text(f"{type(error).__name__}: {error}")
