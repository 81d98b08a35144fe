"""Django's protection against forged posts, for a site whose pages send no Referer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware


class CsrfMiddleware(CsrfViewMiddleware):
    """Under `Referrer-Policy: no-referrer` a browser says `Origin: null` when it posts one of our own forms, and
    Django would refuse it. `Sec-Fetch-Site`, which no page can forge, says what the origin was all the same.

    Browsers send that header over https and to localhost only. Over plain http without it the origin is
    unknown, as it is to Django without an Origin: the token in the form and in the cookie decides, as ever.
    """

    def process_view(
        self,
        request: HttpRequest,
        callback: Callable[..., HttpResponseBase],
        callback_args: tuple[Any, ...],
        callback_kwargs: dict[str, Any],
    ) -> HttpResponseForbidden | None:
        if request.META.get("HTTP_ORIGIN") == "null":
            site = request.META.get("HTTP_SEC_FETCH_SITE", "")
            if site == "same-origin":
                request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
            elif not site and not request.is_secure():
                del request.META["HTTP_ORIGIN"]
        return super().process_view(request, callback, callback_args, callback_kwargs)
