"""The commands' manners: one JSON object, one line when something is wrong, exit codes, and nothing lost."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from digest.editions.draft import Draft
from subscribers.models import Letter
from subscribers.outbox import connection
from subscribers.outbox.mailurl import MailServer
from tests.house import at, fetch, papers, publish, reader, run, serve, told
from tests.sink import Sink
from tests.starting import started

ROOT = Path(__file__).resolve().parent.parent
R = "r@example.org"


def called(tmp_path: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A command as a process, with an empty embedded service of its own."""
    env = {"PATH": os.environ["PATH"], "DIGEST_HOME": str(tmp_path / "home"), **variables}
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True,
                          check=False)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (["publish"], 1, ["no such table", "migrate"]),
        (["publish", "--now", "yesterday"], 2, ["2026-11-25T07:30Z"]),
        (["publish", "--now", "0001-01-01T00:00Z"], 2, ["our time"]),
        (["fetch", "--source", "hf", "--day", "9999-12-31"], 2, ["future"]),
        (["fetch", "--replay", "--from", "x"], 2, ["--replay"]),
        (["filter", "x", "--days", "99999999999"], 2, ["36500"]),
        (["filter", "("], 1, ["never closed", "character 1"]),
        (["source", "add", "q", "--kind", "hf", "--url", "http://[::1"], 1, ["no web address"]),
        (["source", "add", "q", "--kind", "hf", "--url", "http://x:99999/"], 1, ["no web address"]),
        (["reader", "add", R, "--confirmed", "--reason", "  "], 2, ["--reason"]),
        (["reader", "add", R, "--topic", "a\x07b=moss", "--confirmed", "--reason", "x"], 1, ["can't be shown"]),
        (["letter", "<nonsense@example.org>", "delivered"], 1, ["Message-ID"]),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_else(tmp_path, command, code, says):
    done = started(command, {"DIGEST_HOME": str(tmp_path / "home")})
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    last = done.stderr.strip().splitlines()[-1]
    assert all(word in last for word in says), done.stderr
    assert "Traceback" not in done.stderr
    assert code == 2 or len(done.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    (tmp_path / "text").write_text("not a database, by a long way" * 100)
    done = started(["ledger"], {"DIGEST_HOME": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'text'}"})
    assert (done.returncode, done.stdout) == (1, "")
    assert "DATABASE_URL" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_json_is_one_object_on_any_terminal(tmp_path):
    assert started(["migrate", "-v0"], {"DIGEST_HOME": str(tmp_path / "home")}).returncode == 0
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = called(tmp_path, "filter", "title:Größe OR “kv cache”", "--json", **plain)
    assert json.loads(done.stdout)["canonical"]
    assert called(tmp_path, "filter", "title:Größe", **plain).returncode == 0


@pytest.mark.django_db
def test_a_filter_that_is_wrong_is_an_error_object_and_a_line():
    out = io.StringIO()
    with pytest.raises(CommandError, match="never closed"):
        call_command("filter", "(moss", "--json", stdout=out)
    assert json.loads(out.getvalue())["error"]["position"] == 0


@pytest.mark.django_db
def test_what_keeps_us_from_the_server_is_no_letters_fault(settings, monkeypatch):
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader(R, now="2026-03-02 05:00")
    run("reader", "add", "new@example.org", now="2026-03-02 05:00")
    publish("2026-03-02 05:01")
    with Sink() as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5)
        with monkeypatch.context() as broken:
            broken.setattr(connection.Connection, "open", lambda self: "bücher".encode("ascii"))
            err = io.StringIO()
            call_command("deliver", "--until-empty", "--now", "2026-03-02T05:02Z", stdout=io.StringIO(), stderr=err)
        assert set(Letter.objects.values_list("state", flat=True)) == {"waiting"}
        assert "rests until" in err.getvalue()
        assert "UnicodeEncodeError" in err.getvalue()
        assert run("deliver", "--until-empty", now="2026-03-02 06:00")["accepted"] == 2


@pytest.mark.django_db
def test_a_day_far_away_in_a_body_stops_no_source():
    body = json.dumps([{"paper": {"id": "2603.00001", "title": "x", "submittedOnDailyAt": "9999-12-31T00:00:00.000Z"}}])
    with pytest.raises(CommandError, match="future"):
        fetch_undated(body)
    assert run("settle", now="2026-03-05 00:00")["days"] == []


def fetch_undated(body: str) -> None:
    path = Path(os.environ["DIGEST_HOME"]).parent / "undated.json"
    path.write_text(body)
    run("fetch", "--source", "hf", "--from", str(path), now="2026-03-02 08:00")


@pytest.mark.django_db
def test_a_wrong_query_for_a_known_topic_is_an_error():
    reader(R, "N=moss", now="2026-03-02 05:00")
    with pytest.raises(CommandError, match="never closed"):
        reader(R, "N=(moss", now="2026-03-02 06:00")


@pytest.mark.django_db
def test_the_second_digest_covers_from_where_the_first_ended(outbox):
    from tests.house import mails

    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    reader(R, now="2026-03-02 10:00")
    serve("2026-03-02 10:01")
    fetch(papers("2603.00002"), "2026-03-03", "2026-03-03 04:00")
    serve("2026-03-03 07:01")
    texts = [mail.get_body(("plain",)).get_content() for mail in mails(outbox)]
    assert "of 1 new or changed since yesterday, 10:00" in " ".join(texts[1].split())
    assert told(R) == ["2603.00001", "2603.00002"]
    second = Letter.objects.get(slot=at("2026-03-03 07:00"))
    assert Draft.from_json(second.content).since == "2026-03-02T10:00:00+00:00"


@pytest.mark.django_db
def test_a_day_by_hand_as_the_readme_has_it_works_on_any_later_day(outbox):
    day = (ROOT / "README.md").read_text().partition("## A day by hand")[2].partition("\n## ")[0]
    block = day.split("```")[1].replace("\\\n", " ")
    by_hand = re.search(r"`(fetch --source hf [^`]*)`", day)[1].replace("$(date -u +%F)", "2028-05-17")
    commands = [shlex.split(line, comments=True)[2:] for line in block.strip().splitlines()]
    commands = [by_hand.split() if words == ["fetch"] else words for words in commands if words != ["migrate"]]
    assert [words[0] for words in commands] == ["fetch", "reader", "publish", "deliver", "ledger"]
    done = {words[0]: run(*words, now="2028-05-17 12:00") for words in commands}
    assert (done["publish"]["results"], done["deliver"]["accepted"]) == ({"letter": 1}, 1)
    assert len(told("ada@example.org")) > 3
