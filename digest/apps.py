"""The house that decides what to say and how it reads."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class CockpitConfig(AdminConfig):
    """Django's admin with our front panel (in the place of "django.contrib.admin")."""

    default = False
    default_site = "digest.cockpit.Cockpit"


class DigestConfig(AppConfig):
    name = "digest"
    verbose_name = "Papers and digests"
