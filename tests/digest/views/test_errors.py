"""Pages for when something is wrong."""

import pytest
from django.test import RequestFactory

from digest.pipeline import browsing
from digest.views import errors
from tests.digest.views.pages import soup, text


@pytest.mark.django_db
def test_a_wrong_address_is_a_404_in_our_words(client):
    assert "Nothing is here" in text(soup(client.get("/nowhere"), 404))


def test_what_breaks_is_a_500_in_our_words_without_asking_the_database(client, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(browsing, "newest_day", broken)
    client.raise_request_exception = False
    page = soup(client.get("/"), 500)
    assert "Something broke here" in text(page)
    assert page.select_one("link[rel=stylesheet]")


def test_who_comes_too_often_is_told_for_how_long_to_wait():
    answer = errors.too_many(RequestFactory().get("/"), 61)
    assert answer["Retry-After"] == "61"
    assert "in 2 minutes" in text(soup(answer, 429))
