"""Pages for a person who holds a link: confirm, leave; and where e-mail providers report."""

from django.urls import path

from subscribers import views
from subscribers.webhooks import webhook

urlpatterns = [
    path("confirm/<str:token>", views.confirm, name="confirm"),
    path("leave/<str:token>", views.leave, name="leave"),
    path("webhooks/<str:provider>", webhook, name="webhook"),
]
