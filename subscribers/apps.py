"""The house that knows whom to say it to, and keeps proof that we said it."""

from django.apps import AppConfig


class SubscribersConfig(AppConfig):
    name = "subscribers"
    verbose_name = "Readers and letters"
