"""Mail addresses: which we accept, and how two are compared. Pure."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

LOCAL_MOST = 64


def check_address(text: str) -> tuple[str, str]:
    """(address to mail to, address to compare by) for what somebody typed; ValueError says what is wrong.

    The first keeps the spelling before the @; the domain is an A-label in both. Non-ASCII local parts are
    refused (mail libraries send them to another mailbox and report success), so are quoted local parts and
    address literals (STANDARDS: sign-up). RFC 5321 (4.5.3.1.1): 64 octets before the @. A domain has a dot and doesn't
    end in a number: mail to a single name or to an IP address leaves no relay (RFC 3696, section 2).
    """
    try:
        found = validate_email(
            text.strip(),
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            check_deliverability=False,
            globally_deliverable=False,
        )
    except EmailNotValidError as invalid:
        raise ValueError(f"{text!r} is not an address we can mail to: {invalid}") from None
    wrong = _unmailable(found.local_part, found.ascii_domain)
    if wrong:
        raise ValueError(f"{text!r} is not an address we can mail to: {wrong}")
    mailed = f"{found.local_part}@{found.ascii_domain}"
    return mailed, mailed.lower()


def _unmailable(local: str, domain: str) -> str:
    """What the validator lets pass; "" when nothing is wrong."""
    if len(local) > LOCAL_MOST:
        return f"there are more than {LOCAL_MOST} characters before the @"
    if "." not in domain:
        return f"the domain {domain} has no dot, as in example.org"
    return f"the domain {domain} ends in a number" if domain.rpartition(".")[2].isdigit() else ""
