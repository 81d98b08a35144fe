"""Mails that came back, as servers write them; all invented."""

from subscribers.outbox import verp

BASE = "bounces@papers.example.org"
TO = f"To: <{BASE}>"


def mail(*fields: str, body: str = "", kind: str = "text/plain") -> bytes:
    """A mail with these fields."""
    fields = ("From: Mail Delivery System <MAILER-DAEMON@mx.example.net>", "Subject: Returned", *fields)
    own = {field.partition(":")[0].lower() for field in fields[2:]}
    kept = [field for n, field in enumerate(fields) if n > 1 or field.partition(":")[0].lower() not in own]
    return "\r\n".join([*kept, f"Content-Type: {kind}", "", body.replace("\n", "\r\n")]).encode()


def multipart(*parts: tuple[str, str], report: str = "delivery-status", to: str = TO, **fields: str) -> bytes:
    """A multipart/report of (type, body) parts."""
    body = "".join(f"--cut\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts) + "--cut--\n"
    more = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return mail(to, *more, body=body, kind=f'multipart/report; report-type={report}; boundary="cut"')


def dsn(*recipients: tuple[str, str, str], token: str = "", n: int = 0) -> bytes:
    """A delivery report (RFC 3464) about recipients as (action, status, diagnostic); `n` tells one from the next."""
    blocks = [
        f"Final-Recipient: rfc822; r@example.org\nAction: {action}\nStatus: {status}"
        + (f"\nDiagnostic-Code: smtp; {said}" if said else "")
        for action, status, said in recipients
    ]
    return multipart(
        ("text/plain", "I am sorry."),
        ("message/delivery-status", "\n\n".join([f"Reporting-MTA: dns; mx{n}.example.net", *blocks]) + "\n"),
        ("message/rfc822", "From: digest@papers.example.org\nSubject: Papers\n\nPapers.\n"),
        to=f"To: <{verp.address(BASE, token)}>" if token else TO,
    )


def hard(token: str = "", n: int = 0) -> bytes:
    """No such user."""
    return dsn(("failed", "5.1.1", "550 5.1.1 <r@example.org>: no such user"), token=token, n=n)


def arf(kind: str, token: str = "") -> bytes:
    """A feedback report (RFC 5965) to the loop's own address; the token stands in the report alone."""
    about = f"Original-Mail-From: <{verp.address(BASE, token)}>\n" if token else ""
    return multipart(
        ("text/plain", "A complaint."),
        ("message/feedback-report", f"Feedback-Type: {kind}\nUser-Agent: Loop/1\nVersion: 1\n{about}"),
        ("message/rfc822", "From: digest@papers.example.org\nSubject: Papers\n\nPapers.\n"),
        report="feedback-report",
        to="To: abuse@papers.example.org",
        From="loop@example.net",
    )
