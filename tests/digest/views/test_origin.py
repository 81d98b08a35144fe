"""Forged posts: what a browser says of where a form comes from, and what the token says."""

import re
from itertools import product
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from subscribers.models import Subscriber
from tests.digest.views.pages import soup, token
from tests.house import reader

pytestmark = pytest.mark.django_db

OURS, OTHER = "own", "https://evil.example"
SAFARI: dict[str, str] = {"origin": "null"}  # before 16.4
TAKEN = [  # (https, logged in, headers)
    (True, False, SAFARI),
    (True, False, {}),  # a browser that says nothing at all
    (False, False, SAFARI),
    (False, True, SAFARI),
    (False, False, {}),
    *[(https, session, {"origin": OURS}) for https, session in product([True, False], repeat=2)],
    *[
        (https, session, {"sec-fetch-site": "same-origin", **origin})
        for https, session, origin in product([True, False], [True, False], [{"origin": "null"}, {}, {"origin": OURS}])
    ],
    (True, False, {"referer": OURS}),
    (True, True, {"referer": OURS}),
]
REFUSED = [
    (True, True, SAFARI),
    (True, True, {}),
    *[
        (https, session, {"sec-fetch-site": site, **origin})
        for https, session, site, origin in product(
            [True, False], [True, False], ["cross-site", "same-site", "none", "nonsense"], [{"origin": "null"}, {}]
        )
    ],
    *[
        (https, session, {"origin": origin, **site})
        for https, session, origin, site in product(
            [True, False],
            [True, False],
            [OTHER, "https://sibling.testserver", "null.evil.example", "https://testserver.evil.example"],
            [{}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "same-site"}],
        )
    ],
    (True, False, {"referer": OTHER}),
    (True, False, {"origin": "null", "referer": OTHER}),
    (True, False, {"origin": "null", "referer": OURS}),
]


def posted(https: bool, session: bool, headers: dict[str, str], *, address: str = "/join/", good: bool = True) -> Any:
    """A form of the page at this address, sent with these headers."""
    client = Client(enforce_csrf_checks=True)
    page = client.get(address, secure=https).content.decode()
    written = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    if session:
        client.cookies[settings.SESSION_COOKIE_NAME] = "s" * 32
    own = {"origin": "http://testserver", "referer": "http://testserver/join/"}
    said = {
        name: own[name].replace("http:", "https:" if https else "http:") if value == OURS else value
        for name, value in headers.items()
    }
    typed = {"do": "preview", "q": "", "csrfmiddlewaretoken": written if good else "x" * 64}
    return client.post(address, typed, secure=https, headers=said)


@pytest.mark.parametrize(("https", "session", "headers"), TAKEN)
def test_our_own_form_is_taken_whatever_its_browser_keeps_back(https, session, headers):
    assert posted(https, session, headers).status_code == 200


@pytest.mark.parametrize(("https", "session", "headers"), [*TAKEN, *REFUSED])
def test_without_its_token_a_form_is_refused_whatever_else_it_says(https, session, headers):
    assert posted(https, session, headers, good=False).status_code == 403


@pytest.mark.parametrize(("https", "session", "headers"), REFUSED)
def test_a_form_that_comes_from_elsewhere_is_refused_with_the_right_token_too(https, session, headers):
    assert posted(https, session, headers).status_code == 403


def test_an_older_safari_pauses_and_goes_on_at_a_persons_own_page():
    reader("r@example.org", now="2026-03-02 06:00")
    address = f"/me/{token('read', Subscriber.objects.get(), '2026-03-02 06:00')}"
    client = Client(enforce_csrf_checks=True)
    written = soup(client.get(address, secure=True)).select_one("[name=csrfmiddlewaretoken]")["value"]
    for button, state in (("pause", "paused"), ("resume", "active")):
        typed = {"do": button, "csrfmiddlewaretoken": written}
        assert client.post(address, typed, secure=True, headers=SAFARI).status_code == 303
        assert Subscriber.objects.get().state == state


def test_the_cookie_that_guards_forms_is_kept_from_scripts_and_from_other_sites():
    cookie = Client().get("/join/", secure=True).cookies[settings.CSRF_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["domain"]) == (True, "Strict", "")
