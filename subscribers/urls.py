"""Pages for a person who holds a link: confirm, leave."""

from django.urls import path

from subscribers import views

urlpatterns = [
    path("confirm/<str:token>", views.confirm, name="confirm"),
    path("leave/<str:token>", views.leave, name="leave"),
]
