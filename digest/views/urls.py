"""The pages: which address is answered by which view."""

from datetime import UTC, date, datetime

from django.urls import path, register_converter

from digest.views import (
    digests,
    feeds,
    front,
    help,
    inbox,
    joining,
    mine,
    papers,
    silence,
    topic_less,
    topic_mine,
    topic_try,
)
from subscribers.outbox.message import SLOT


class DayConverter:
    """2026-11-25."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)  # ValueError: no such day, and so no such page

    def to_url(self, value: date) -> str:
        return value.isoformat()


class SlotConverter:
    """20261125T073000: a slot in UTC, as the links of mails name it."""

    regex = r"\d{8}T\d{6}"

    def to_python(self, value: str) -> datetime:
        return datetime.strptime(value, SLOT).replace(tzinfo=UTC)  # ValueError: no such time, and so no such page

    def to_url(self, value: datetime) -> str:
        return value.astimezone(UTC).strftime(SLOT)


register_converter(DayConverter, "day")
register_converter(SlotConverter, "slot")

urlpatterns = [
    path("", front.front, name="front"),
    path("day/<day:when>/", front.of_day, name="day"),
    path("p/<path:key>", papers.paper, name="paper"),
    path("try/", topic_try.attempt, name="try"),
    path("join/", joining.join, name="join"),
    path("l/<str:token>", digests.digest, name="digest"),
    path("l/<str:token>/<str:slot>", digests.digest, name="other-digest"),
    path("l/<str:token>/<str:slot>/papers.<str:form>", digests.cited, name="cited"),
    path("me/<str:token>", mine.mine, name="mine"),
    path("me/<str:token>/why/<slot:when>", silence.silence, name="silence"),
    path("me/<str:token>/why/<day:when>", silence.silence, name="silences"),
    path("feed/<str:token>/papers.<str:form>", feeds.of_reader, name="feed"),
    path("feed/<str:token>/<int:topic>/papers.<str:form>", feeds.of_topic, name="topic-feed"),
    path("me/<str:token>/topic/new", topic_mine.new, name="new-topic"),
    path("me/<str:token>/topic/<int:number>", topic_mine.edit, name="topic"),
    path("me/<str:token>/topic/<int:number>/less", topic_less.less, name="less"),
    path("help/", help.page, name="help"),
    path("help/<str:name>/", help.page, name="help-page"),
    path("help/pictures/<str:name>", help.picture, name="help-picture"),
    path("inbox/", inbox.mails, name="inbox"),
    path("inbox/<str:name>/", inbox.mail, name="inbox-mail"),
    path("inbox/<str:name>/body", inbox.body, name="inbox-body"),
    path("inbox/<str:name>/<str:tab>", inbox.mail, name="inbox-side"),
]
