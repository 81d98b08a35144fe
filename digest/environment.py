"""Settings come from the environment; each is read and checked here, with an error that says how to mend it.

Pure but for `kept_key`, which makes the keys of the embedded service in its own folder, and for the file that `dkim`
reads.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from subscribers.address import check_address
from subscribers.outbox.dkim import Signer, signer

DAYS_MOST = 36_500  # a century: more is a slip, and no date can be that far back
KEY_LEAST = 50  # characters; Django asks for as many
LABELS = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
PORT = r"(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
WEB_ADDRESS = re.compile(rf"https?://{LABELS}{PORT}(?:/[A-Za-z0-9._~/-]*)?", re.ASCII)
HOST_NAME = re.compile(rf"{LABELS}|\[[0-9A-Fa-f:.]+\]", re.ASCII)
ODD_IN_PASSWORD = "/#?@: "  # noqa: S105 - the characters that break a URL when they stand bare in a password


class SettingError(Exception):
    """A missing or wrong setting: one line that names the variable, what is wrong and an example."""

    def __init__(self, variable: str, wrong: str, example: str = "") -> None:
        shown = f". For example: {variable}={example}" if example else ""
        super().__init__(f"{variable}: {wrong}{shown}")


def split_url(variable: str, url: str, example: str) -> SplitResult:
    """The parts of a URL whose user and password are percent-encoded; SettingError when they are bare."""
    parts = urlsplit(url)
    try:
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if port_is_fine and "@" not in parts.path + parts.query + parts.fragment:
        return parts
    raise SettingError(variable, _bare(url), example)


def _bare(url: str) -> str:
    """What to say of a URL that has bare characters in user or password: the mended form, password hidden."""
    scheme, _, rest = url.partition("://")
    credentials, at, server = rest.rpartition("@")
    if not at:
        return "the port is not a number"  # what stands there may be a piece of a password: it is not shown
    user, _, password = credentials.partition(":")
    needed = sorted({f"{c} as {quote(c, safe='')}" for c in user + password if c in ODD_IN_PASSWORD})
    shown = f"{scheme}://{quote(user, safe='')}:...@{server}"
    return f"special characters in user or password must be written percent-encoded ({', '.join(needed)}): {shown}"


def number_of_days(variable: str, text: str) -> int:
    """A whole number of days, at least one."""
    if re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) is None or not 1 <= int(text) <= DAYS_MOST:
        raise SettingError(variable, f"{text!r} is no number of days, from 1 to {DAYS_MOST}", "90")
    return int(text)


def site_url(text: str) -> str:
    """SITE_URL without a closing slash: scheme, host, perhaps a port, and nothing else.

    It stands in every mail's header and links, so nothing odd may pass here.
    """
    example = "https://digest.example.org"
    if not text.startswith(("http://", "https://")):
        raise SettingError("SITE_URL", f"{text!r} has no http:// or https:// in front", example)
    if urlsplit(text).path.strip("/"):
        raise SettingError("SITE_URL", f"{text!r} has a path; the site needs a host name of its own", example)
    if WEB_ADDRESS.fullmatch(text) is None:
        raise SettingError("SITE_URL", "it is not the plain address of a site (an IDN is written as xn--...)", example)
    return text.rstrip("/")


def count(variable: str, text: str) -> int:
    """A number that is not negative."""
    if not (text.isascii() and text.isdigit()) or len(text) > 6:
        raise SettingError(variable, f"{text!r} is no number of proxies", "1")
    return int(text)


def host_name(variable: str, text: str) -> str:
    """A host as it is said in EHLO: a domain, or an address in brackets."""
    if HOST_NAME.fullmatch(text) is None:
        raise SettingError(variable, f"{text!r} is no host name (an IDN is written as xn--...)", "mail.example.org")
    return text


def one_line(variable: str, text: str) -> str:
    """A text that may stand in a header."""
    if any(not character.isprintable() for character in text):
        raise SettingError(variable, "it holds a line break or another control character", "Daily Papers Digest")
    return text


def folder(variable: str, path: Path) -> Path:
    """A folder that is made when missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(variable, f"the folder {path} can't be made: {error.strerror}", "/var/lib/digest") from None
    return path


def mailbox(variable: str, text: str) -> str:
    """A mailbox with or without a name: `Daily Papers <digest@example.org>`."""
    address = parseaddr(text)[1]
    if not address.isascii() or address.count("@") != 1 or "\n" in text or "\r" in text:
        raise SettingError(variable, f"{text!r} is not a mail address", "Daily Papers <digest@example.org>")
    return text


def operators(text: str) -> tuple[str, ...]:
    """OPERATORS: plain addresses with commas between, each once however it is spelled; none when empty."""
    found: dict[str, str] = {}
    for one in filter(None, map(str.strip, text.split(","))):
        try:
            mailed, compared = check_address(one)
        except ValueError as wrong:
            raise SettingError(
                "OPERATORS", " ".join(str(wrong).split()).rstrip("."), "ada@example.org,ben@example.org"
            ) from None
        found.setdefault(compared, mailed)
    return tuple(found.values())


def required(environment: Mapping[str, str], variable: str, example: str) -> str:
    """The value of a variable that has no default outside the embedded service."""
    value = environment.get(variable, "")
    if not value:
        raise SettingError(variable, "it is needed with a database that is not SQLite, and is not set", example)
    return value


def secret(environment: Mapping[str, str], variable: str, home: Path | None) -> str:
    """A key from the environment, or (embedded: `home` given) one that is made once and kept in its folder."""
    value = environment.get(variable, "")
    if value and len(value) < KEY_LEAST:
        raise SettingError(
            variable, f"{len(value)} characters are too few, it takes {KEY_LEAST}", "(50 random letters)"
        )
    if value:
        return value
    if home is None:
        return required(environment, variable, "(50 random letters)")
    return _whole(variable, home / "keys" / variable.lower())


def _whole(variable: str, path: Path) -> str:
    """The key kept at `path`. One that was lost must not be replaced in silence: old links would stop working."""
    key = kept_key(path)
    if len(key) < KEY_LEAST:
        wrong = f"its file {path} holds {len(key)} characters, and should hold {KEY_LEAST} or more"
        raise SettingError(variable, f"{wrong}; put it back from your backup, or remove it on a new installation")
    return key


def kept_key(path: Path) -> str:
    """The key in a file that only its owner reads; made when missing, one winner when two make it at once."""
    if not path.exists():
        folder("DIGEST_HOME", path.parent)
        path.parent.chmod(0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with draft.open("w") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())  # a name without its content after a power cut would be an empty key
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def dkim(environment: Mapping[str, str], mail_from: str) -> Signer | None:
    """Who signs our mails: DKIM_KEY (a file), DKIM_SELECTOR and DKIM_DOMAIN (MAIL_FROM's by default); None without a
    key."""
    file = environment.get("DKIM_KEY", "")
    if not file:
        return None
    selector = required(environment, "DKIM_SELECTOR", "s1")
    domain = environment.get("DKIM_DOMAIN", "") or parseaddr(mail_from)[1].rpartition("@")[2]
    try:
        return signer(domain, selector, Path(file).read_bytes())
    except OSError as error:
        raise SettingError("DKIM_KEY", f"{file} can't be read ({error.strerror})", "/etc/digest/dkim.pem") from None
    except ValueError as wrong:
        raise SettingError("DKIM_KEY", str(wrong)) from None
