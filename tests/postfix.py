"""A Postfix and a Dovecot of our own, as root, on free ports: mail goes in over SMTP and comes out over IMAP.

    with mail_system() as system:
        ...                             # send to system.url
        system.fetched()                # every mail of the one mailbox, as IMAP gives it

Nothing of the machine's own Postfix is touched: configuration, queue and mailbox lie in a folder that goes with it. All
addresses lead to one mailbox.
"""

from __future__ import annotations

import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.up import free_port

PATIENCE = 300  # seconds
PATH = f"{os.environ['PATH']}:/usr/sbin"
USER, PASSWORD = "reader", "reads"
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.papers.example.org
mydestination =
virtual_mailbox_domains = static:all
virtual_mailbox_base = {folder}/mailbox
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
alias_maps =
smtpd_recipient_restrictions = reject_unauth_destination
smtpd_client_connection_count_limit = 0
default_process_limit = 50
"""
MASTER = """
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
smtp unix - - n - - smtp
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT = """
base_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
mail_location = maildir:{folder}/mailbox/box
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mailbox
}}
"""


class Missing(Exception):
    """A program, or the right to start it, is not here."""


@dataclass(frozen=True)
class MailSystem:
    """The two servers."""

    folder: Path
    smtp: int
    imap: int

    @property
    def url(self) -> str:
        """An EMAIL_URL for it."""
        return f"smtp://127.0.0.1:{self.smtp}"

    def queued(self) -> int:
        """Mails that Postfix has taken and not delivered yet."""
        return sum(
            path.is_file() for name in ("maildrop", "incoming", "active", "deferred")
            for path in (self.folder / "queue" / name).rglob("*")
        )  # fmt: skip

    def fetched(self) -> list[bytes]:
        """All mails in the mailbox, over IMAP, once Postfix has delivered all of its queue."""
        end = time.monotonic() + PATIENCE
        while self.queued():
            assert time.monotonic() < end, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)
        with imaplib.IMAP4("127.0.0.1", self.imap) as box:
            box.login(USER, PASSWORD)
            box.select("INBOX", readonly=True)
            _, numbers = box.search(None, "ALL")
            if not numbers[0]:
                return []
            _, found = box.fetch(numbers[0].replace(b" ", b",").decode(), "(BODY.PEEK[])")
            return [part[1] for part in found if isinstance(part, tuple)]


@contextmanager
def mail_system() -> Iterator[MailSystem]:
    """Missing says what isn't here."""
    if os.geteuid() != 0:
        raise Missing("Postfix is started by root")
    absent = [name for name in ("postfix", "dovecot") if shutil.which(name, path=PATH) is None]
    if absent:
        raise Missing(", ".join(absent))
    # not in a test's own folder: others than root have to reach it
    with tempfile.TemporaryDirectory(prefix="mx") as name:
        system = MailSystem(Path(name), free_port(), free_port())
        _configure(system)
        postfix = ["postfix", "-c", f"{name}/postfix"]
        dovecot = ["dovecot", "-c", f"{name}/dovecot.conf"]
        try:
            _run([*postfix, "start"], system.folder / "said")
            _run(dovecot, system.folder / "said")
            for port in (system.smtp, system.imap):
                _listens(port, system.folder)
            yield system
        finally:
            for stop in ([*postfix, "stop"], [*dovecot, "stop"]):
                with suppress(AssertionError):
                    _run(stop, system.folder / "said")


def _configure(system: MailSystem) -> None:
    folder, owner = system.folder, pwd.getpwnam("nobody")
    folder.chmod(0o755)
    for name in ("queue", "data", "postfix", "mailbox", "run"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    os.chown(folder / "mailbox", owner.pw_uid, owner.pw_gid)
    words = {"folder": folder, "uid": owner.pw_uid, "gid": owner.pw_gid, "password": PASSWORD}
    (folder / "postfix" / "main.cf").write_text(MAIN.format(**words))
    (folder / "postfix" / "master.cf").write_text(MASTER.format(port=system.smtp))
    (folder / "dovecot.conf").write_text(DOVECOT.format(port=system.imap, **words))


def _run(words: list[str], said: Path) -> None:
    """Into a file: what goes on in the background would hold a pipe open."""
    with said.open("w") as out:
        done = subprocess.run(words, env={**os.environ, "PATH": PATH}, stdout=out, stderr=out, check=False)
    assert done.returncode == 0, said.read_text()


def _listens(port: int, folder: Path) -> None:
    end = time.monotonic() + 30
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        logs = [file.read_text()[-1000:] for file in (folder / "log", folder / "dovecot.log") if file.exists()]
        assert time.monotonic() < end, logs
        time.sleep(0.05)
