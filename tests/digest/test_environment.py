"""Settings: a wrong one names its variable, what is wrong and an example, and never shows a password."""

import subprocess
from pathlib import Path

import pytest

from digest import backing, environment
from digest.environment import SettingError
from digest.sources.addresses import DIRECT, Proxy
from tests.starting import started


def start(tmp_path: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `check` (with more words) with these variables and nothing else set."""
    return started(["check", *words], {"DIGEST_HOME": str(tmp_path), **variables})


def test_without_any_variable_the_service_is_embedded_and_keeps_its_keys(tmp_path):
    assert start(tmp_path).returncode == 0
    key = tmp_path / "keys" / "link_key"
    first = key.read_text()
    assert len(first) >= 50
    assert key.stat().st_mode & 0o077 == 0
    assert start(tmp_path).returncode == 0
    assert key.read_text() == first


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"SITE_URL": "digest.example.org"}, ["SITE_URL", "http"]),
        ({"SITE_URL": "https://"}, ["SITE_URL", "plain address"]),
        ({"SITE_URL": "https://digest.example.org "}, ["SITE_URL", "plain address"]),
        ({"SITE_URL": "https://a b"}, ["SITE_URL"]),
        ({"SITE_URL": "https://bücher.example"}, ["SITE_URL", "xn--"]),
        ({"SITE_URL": "https://me:pw-of-mine@x.example"}, ["SITE_URL"]),
        ({"SITE_URL": "https://x.example:99999"}, ["SITE_URL"]),
        ({"HELO_NAME": "a b"}, ["HELO_NAME"]),
        ({"HELO_NAME": "bücher.example"}, ["HELO_NAME", "xn--"]),
        ({"SITE_NAME": "a\r\nBcc: x@y.example"}, ["SITE_NAME"]),
        ({"DATABASE_URL": "sqlite:////proc/nope/d"}, ["DATABASE_URL", "/proc/nope"]),
        ({"DATABASE_URL": "mysql://x/y"}, ["DATABASE_URL", "mysql", "postgres://"]),
        ({"DATABASE_URL": "postgres://u:se/c#ret@h/d"}, ["DATABASE_URL", "%2F", "%23"]),
        ({"DATABASE_URL": "postgres://u:p@h:5432/"}, ["DATABASE_URL", "name of the database"]),
        ({"EMAIL_URL": "smtp://u:a/b#c@h:25"}, ["EMAIL_URL"]),
        ({"EMAIL_URL": "gopher://h"}, ["EMAIL_URL", "smtp"]),
        ({"MAIL_FROM": "nobody"}, ["MAIL_FROM", "mail address"]),
        ({"OPERATORS": "nobody"}, ["OPERATORS", "'nobody'", "ada@example.org,"]),
        ({"OPERATORS": "ada@example.org;ben@example.org"}, ["OPERATORS", "not an address"]),
        ({"OPERATORS": "ada@example.org,root@localhost"}, ["OPERATORS", "'root@localhost'"]),
        ({"OPERATORS": "Ada <ada@example.org>"}, ["OPERATORS", "'Ada <ada@example.org>'"]),
        ({"OPERATORS": "ada@example.org\nBcc: x@example.org"}, ["OPERATORS", "not an address"]),
        ({"SECRET_KEY": "short"}, ["SECRET_KEY", "too few"]),
        ({"BOUNCE_ADDRESS": "returned-mail@example.org"}, ["BOUNCE_ADDRESS", "11 characters"]),
        ({"BOUNCES_URL": "imaps://u:p@h"}, ["BOUNCE_ADDRESS", "bounces@"]),
        ({"BOUNCE_ADDRESS": "b@x.example", "BOUNCES_URL": "pop3://u:p@h"}, ["BOUNCES_URL", "imaps://"]),
        ({"WEBHOOKS": "postmark"}, ["WEBHOOKS", "ANYMAIL_WEBHOOK_SECRET"]),
        ({"SITE_URL": "https://papers.example.org/digest"}, ["SITE_URL", "has a path"]),
        ({"BROKER_URL": "foo://h"}, ["BROKER_URL", "foo", "redis://"]),
        ({"PROXIES": "abc"}, ["PROXIES", "abc"]),
        ({"PROXIES": "-1"}, ["PROXIES", "-1"]),
        ({"CACHE_URL": "memcached://h"}, ["CACHE_URL", "memcached", "memory://"]),
        ({"FETCH_PROXY": "proxy.example.org:3128"}, ["FETCH_PROXY", "http://"]),
        ({"FETCH_PROXY": "socks5://h:1"}, ["FETCH_PROXY", "http://"]),
        ({"FETCH_PROXY": "http://h"}, ["FETCH_PROXY", "port"]),
        ({"FETCH_PROXY": "http://u:pw-of-mine@h"}, ["FETCH_PROXY", "port"]),
        ({"FETCH_PROXY": "http://u:pw-of-mine@h:3128/x"}, ["FETCH_PROXY", "nothing may follow"]),
        ({"FETCH_PROXY": "http://u:a/b#c@h:3128"}, ["FETCH_PROXY", "%2F", "%23"]),
        ({"FETCH_PROXY": "http://[::bad"}, ["FETCH_PROXY", "no address"]),
        ({"FETCH_CA": "/nowhere/ca.pem"}, ["FETCH_CA", "/nowhere/ca.pem", "No such file"]),
        ({"FETCH_CA": "manage.py"}, ["FETCH_CA", "manage.py", "no PEM"]),
        ({"BODIES_KEPT_DAYS": "0"}, ["BODIES_KEPT_DAYS", "from 1"]),
        ({"BODIES_KEPT_DAYS": "forever"}, ["BODIES_KEPT_DAYS", "'forever'"]),
        ({"DATABASE_URL": "postgres://u:p@h/d"}, ["SECRET_KEY", "is not set"]),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path, variables, says):
    done = start(tmp_path, **variables)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in says), done.stderr
    for secret in ("se/c#ret", "a/b#c", "pw-of-mine"):
        assert secret not in done.stderr


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    done = start(tmp_path, DIGEST_HOME="/proc/nope")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert "/proc/nope" in done.stderr


def test_a_home_with_a_percent_sign_in_its_path_is_fine(tmp_path):
    done = start(tmp_path, DIGEST_HOME=str(tmp_path / "100% ours"))
    assert done.returncode == 0, done.stderr


def test_a_plus_is_a_plus_and_percent_is_decoded():
    found = backing.database("postgres://us%2Fer:a%2Fb%23c+d@h:5432/digest?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["NAME"]) == ("us/er", "a/b#c+d", "digest")
    assert found["OPTIONS"] == {"sslmode": "require"}


def test_the_way_out_is_decoded_and_its_password_is_shown_by_nothing():
    route = backing.route("http://us%2Fer:a%2Fb%23c+d@proxy.example.org:3128", "")
    proxy = route.proxy
    assert proxy is not None
    assert (proxy.host, proxy.port, proxy.user, proxy.password) == ("proxy.example.org", 3128, "us/er", "a/b#c+d")
    assert "a/b" not in f"{route} {route!r}"
    assert backing.route("http://[::1]:3128/", "").proxy == Proxy("::1", 3128)
    assert backing.route("", "") == DIRECT


def test_of_two_processes_that_make_a_key_at_once_one_wins(tmp_path, monkeypatch):
    path = tmp_path / "keys" / "k"
    first = environment.kept_key(path)
    monkeypatch.setattr(Path, "exists", lambda self: False)  # the other had not seen it
    assert environment.kept_key(path) == first


def test_operators_are_addresses_each_once_and_nobody_by_default():
    assert environment.operators("") == environment.operators(" , ") == ()
    assert environment.operators("Ada@Example.org, ben@bücher.example,ada@example.ORG,") == (
        "Ada@example.org",
        "ben@xn--bcher-kva.example",
    )


def test_a_site_url_loses_its_closing_slash():
    assert environment.site_url("https://digest.example.org/") == "https://digest.example.org"
    with pytest.raises(SettingError):
        environment.site_url("https://digest.example.org/?a=b")


PRODUCTION = {
    "DATABASE_URL": "postgres://digest:secret@127.0.0.1:1/digest",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "EMAIL_URL": "smtp://127.0.0.1:1",
    "SITE_URL": "https://papers.example.org",
    "MAIL_FROM": "digest@papers.example.org",
    "POSTAL_ADDRESS": "Example Lab, 1 Sample Street",
    "SECRET_KEY": "a long sentence that no dictionary of passwords holds, 1 of 2",
    "LINK_KEY": "a long sentence that no dictionary of passwords holds, 2 of 2",
}


@pytest.mark.parametrize("own", [{}, {"BROKER_URL": "amqp://guest:guest@127.0.0.1:1//"}, {"CACHE_URL": "memory://"}])
def test_deployed_as_production_asks_django_finds_nothing_to_warn_of(tmp_path, own):
    done = start(tmp_path, "--deploy", "--fail-level", "WARNING", **(PRODUCTION | own))
    assert (done.returncode, done.stdout) == (0, "System check identified no issues (3 silenced).\n"), done.stderr


def test_the_cache_is_beside_the_broker_unless_a_setting_says_where():
    def where(url, broker):
        return backing.caches(url, broker)["default"].get("LOCATION")

    assert where("", "redis://u:p%40@h:6379/0") == "redis://u:p%40@h:6379/1"
    assert where("", "redis+socket:///a%20b/broker.sock?virtual_host=0") == "unix:///a%20b/broker.sock?db=1"
    assert where("", "amqp://h//") == "shared"
    assert where("redis://other/3", "amqp://h//") == "redis://other/3"


@pytest.mark.parametrize("name", ["link_key", "secret_key"])
def test_a_key_file_that_lost_its_content_stops_the_start_and_is_not_made_anew(tmp_path, name):
    assert start(tmp_path).returncode == 0
    (tmp_path / "keys" / name).write_text("")
    done = start(tmp_path)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert name.upper() in done.stderr
    assert str(tmp_path / "keys" / name) in done.stderr
    assert (tmp_path / "keys" / name).read_text() == ""


def test_a_home_that_is_a_file_is_named_by_its_own_variable(tmp_path):
    (tmp_path / "file").write_text("")
    done = start(tmp_path, DIGEST_HOME=str(tmp_path / "file"))
    assert done.returncode == 1
    assert "DIGEST_HOME" in done.stderr
    assert "DATABASE_URL" not in done.stderr
