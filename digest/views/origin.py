"""Django's protection against forged posts, for a site whose pages send no Referer.

Our pages hold tokens in their addresses and say `Referrer-Policy: no-referrer`; so a browser that posts one of our own
forms says `Origin: null` (an old one nothing at all), and Django, which wants our origin or, over https, a Referer of
ours, would refuse it. A page that forges a post can say `Origin: null` too: it proves nothing either way.

What always decides is the token: the one in the form must answer to the secret in the cookie. A forger can neither read
the cookie (HttpOnly, and another origin's) nor a form of ours, and a post from another site does not even bring it
(SameSite=Strict). The origin guards against the one who can *set* the cookie, and so bring a pair that fits: a page on
a sibling host of our domain, which counts as the same site, or somebody on the line of a plain http page.

So a post of unknown origin is judged by what else it brings:

- `Sec-Fetch-Site: same-origin`: ours. No page can forge this header (browsers since 2020, Safari since 16.4).
- `Sec-Fetch-Site` with anything else: forged; refused.
- no such header, and no session: the token decides. There is nothing that a forger could ride on: the right to /join/
  is everybody's, the right to /me/TOKEN is the token in its address, which the forger does not have, and the browser
  adds nothing to either. Without this nobody could sign up with an older Safari.
- no such header, and a session (an operator who is logged in): refused over https, as Django refuses it. Over plain
  http Django asks for no Referer, and nor do we; there somebody on the line can do worse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware

UNKNOWN = ("", "null")


class CsrfMiddleware(CsrfViewMiddleware):
    """Says what the origin is where a browser keeps it back, then lets Django decide."""

    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> HttpResponseForbidden | None:
        if request.META.get("HTTP_ORIGIN", "") in UNKNOWN and not request.META.get("HTTP_REFERER"):
            ours = f"{request.scheme}://{request.get_host()}"
            request.META["HTTP_ORIGIN"] = ours if _may_be_ours(request) else "null"  # refused, whatever the token says
        return super().process_view(request, callback, callback_args, callback_kwargs)


def _may_be_ours(request: HttpRequest) -> bool:
    site = request.META.get("HTTP_SEC_FETCH_SITE", "")
    if site:
        return bool(site == "same-origin")
    return not request.is_secure() or settings.SESSION_COOKIE_NAME not in request.COOKIES
