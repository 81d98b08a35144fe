"""What a load balancer asks."""

import pytest
from django.db import DatabaseError, connection


@pytest.mark.django_db
def test_it_is_up_while_the_database_answers(client, settings, monkeypatch):
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert client.get("/").status_code == 301

    def away():
        raise DatabaseError("the server closed the connection")

    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get("/healthz")
    assert (answer.status_code, b"closed" in answer.content) == (503, False)
    monkeypatch.undo()


def test_a_request_with_a_foreign_host_gets_a_page_and_no_traceback(client, caplog):
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert b"not understood" in answer.content
    assert "evil.example" not in caplog.text
