"""Which address is answered by which view."""

from django.contrib import admin
from django.urls import include, path

from digest.views.health import healthz

handler400 = "digest.views.errors.bad_request"
handler404 = "digest.views.errors.not_found"
handler500 = "digest.views.errors.broken"
urlpatterns = [
    path("healthz", healthz),
    path("admin/", admin.site.urls),
    path("", include("subscribers.urls")),
    path("", include("digest.views.urls")),
]
