"""Tokens in addresses are not for logs."""

from subscribers.discretion import without_tokens


def test_the_token_goes_and_the_rest_stays():
    token = "AeY5hVG0cQbKUL2GE6Nhv3MSbWkr6MZ4nxFXaGf8hgUYCxwk094p"
    for page in ("confirm", "leave", "l", "me"):
        said = without_tokens(f"Not Found: /{page}/{token}/20260303T070000?x=1 (from 192.0.2.1)")
        assert said == f"Not Found: /{page}/…/20260303T070000?x=1 (from 192.0.2.1)"
    assert without_tokens("Not Found: /p/2603.00001") == "Not Found: /p/2603.00001"
