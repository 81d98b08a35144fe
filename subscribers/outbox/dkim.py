"""DKIM signatures (RFC 6376), rsa-sha256 and relaxed/relaxed. Pure.

Every header that a mail of ours has is signed, and those that decide what a reader sees are named once more than they
occur, so that nobody can add another one. One-click's two headers are among them, as RFC 8058 demands. No `l=`, no `x=`
and no `t=`: a retry has the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SIGNED = (
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Archive",
    "Feedback-ID", "Auto-Submitted", "Precedence",
)  # fmt: skip
NEVER_ADDED = ("From", "To", "Subject", "Date", "Reply-To", "Message-ID", "MIME-Version", "Content-Type")
RSA_LEAST = 2048  # bits
NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
RUNS = re.compile(rb"  +")  # single spaces, of which there are thousands, stay as they are: that is many times faster
FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)\r\n")
PUBLIC = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
LINE = 64  # characters of base64 in a line of the header


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs mails of one domain. `selector` names the public key: a TXT record at SELECTOR._domainkey.DOMAIN."""

    domain: str
    selector: str
    key: RSAPrivateKey

    @property
    def record(self) -> str:
        """What the TXT record says."""
        return f"v=DKIM1; k=rsa; p={base64.b64encode(self.key.public_key().public_bytes(*PUBLIC)).decode()}"

    def signed(self, mail: bytes) -> bytes:
        """The mail with its signature in front. `mail` has CRLF line ends and is not dot-stuffed."""
        head, _, body = mail.partition(b"\r\n\r\n")
        fields = FIELD.findall(head + b"\r\n")
        names, places = _signed(tuple([name for name, _ in fields]))
        unsigned = self._unsigned(names, base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()))
        chosen = b"".join([_relaxed(*fields[place]) for place in places])
        digest = chosen + _relaxed(*unsigned).removesuffix(b"\r\n")
        signature = base64.b64encode(self.key.sign(digest, padding.PKCS1v15(), hashes.SHA256())).decode()
        folded = "".join(f"\r\n\t{signature[at : at + LINE]}" for at in range(0, len(signature), LINE))
        return b"DKIM-Signature:" + unsigned[1] + folded.encode() + b"\r\n" + mail

    def _unsigned(self, names: str, body_hash: bytes) -> tuple[bytes, bytes]:
        """The header without its signature. Its lines fold between tags, and between the names of headers."""
        tags = (
            f" v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n\td={self.domain};\r\n\ts={self.selector};\r\n\th="
            f"{names};\r\n\tbh={body_hash.decode()};\r\n\tb="
        )
        return b"DKIM-Signature", tags.encode()


def signer(domain: str, selector: str, pem: bytes) -> Signer:
    """Of a private key in PEM (PKCS #8 or PKCS #1, without a password). ValueError says what is wrong."""
    for what, name in (("domain", domain), ("selector", selector)):
        if not NAME.fullmatch(name):
            raise ValueError(f"the DKIM {what} {name!r} is no name of the DNS, for example s1 of example.org")
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        made = "make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out dkim.pem"
        raise ValueError(f"the DKIM key is no private key in PEM without a password ({error}); {made}") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the DKIM key is no RSA key, the one kind that every receiver reads")
    if key.key_size < RSA_LEAST:
        raise ValueError(f"the DKIM key has {key.key_size} bits; receivers want {RSA_LEAST} or more")
    return Signer(domain.lower(), selector.lower(), key)


@lru_cache(maxsize=64)
def _signed(here: Sequence[bytes]) -> tuple[str, Sequence[int]]:
    """For the fields of a head, which all mails of a kind have: `h=`, and the places of what it names, in its order.

    It names each signed field as often as it occurs, of several the last first; then those that nobody may add.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(here):
        places[name.decode().lower()].append(place)
    named = [name for name in SIGNED for _ in places[name.lower()]]
    order = [places[name.lower()].pop() for name in named]
    return _folded([*named, *NEVER_ADDED]), order


def _relaxed(name: bytes, value: bytes) -> bytes:
    """A field as RFC 6376, 3.4.2, canonicalizes it."""
    plain = value.replace(b"\r\n", b"").replace(b"\t", b" ")
    return name.lower() + b":" + RUNS.sub(b" ", plain).strip(b" ") + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    """A body as RFC 6376, 3.4.4, canonicalizes it."""
    body = RUNS.sub(b" ", body.replace(b"\t", b" "))
    body = body.replace(b" \r\n", b"\r\n").removesuffix(b" ")
    while body.endswith(b"\r\n\r\n") or body == b"\r\n":
        body = body[:-2]
    return body if not body or body.endswith(b"\r\n") else body + b"\r\n"


def _folded(names: Sequence[str]) -> str:
    lines, line = [], ""
    for name in names:
        if line and len(line) + len(name) > LINE:
            lines.append(line)
            line = ""
        line += f"{name}:"
    return "\r\n\t ".join([*lines, line]).removesuffix(":")
