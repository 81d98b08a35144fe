"""Mail addresses: which we accept, and how two are compared. Pure."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email


def check_address(text: str) -> tuple[str, str]:
    """(address to mail to, address to compare by) for what somebody typed; ValueError says what is wrong.

    The first keeps the spelling before the @; the domain is an A-label in both. Non-ASCII local parts are
    refused (mail libraries send them to another mailbox and report success), so are quoted local parts and
    address literals (STANDARDS: sign-up).
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
    except EmailNotValidError as wrong:
        raise ValueError(f"{text!r} is not an address we can mail to: {wrong}") from None
    mailed = f"{found.local_part}@{found.ascii_domain}"
    return mailed, mailed.lower()
