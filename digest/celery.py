"""The Celery application. Rows are the truth, jobs are hints: losing the broker delays work and loses none.

Beat has two entries and knows no due times; what is due stands in our rows, and the tick finds it.
"""

from __future__ import annotations

import os
import signal
from multiprocessing import RawValue
from types import FrameType
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
_stopping = RawValue("b", 0)  # in memory that the pool's processes share: they are forked from this one
EXPIRES = 600  # seconds; a hint that old has been given anew many times

app = Celery("digest", broker=settings.BROKER_URL, include=["digest.tasks"])
app.conf.update(
    # either of the two off loses the task that runs when a worker is killed
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    # No time limit here: it would hold for `deliver` too, since a task's own None means this one.
    worker_soft_shutdown_timeout=20,
    worker_hijack_root_logger=False,  # logs as settings.LOGGING says
    # A lost broker must not kill a task that stands between a dot and its reply.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"visibility_timeout": 600, "unacked_restore_interval": 5, "unacked_restore_throttle": 1},
    task_publish_retry_policy={"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5},
    # a queue of its own, so that workers on other machines can be set apart for mail
    task_routes={"digest.tasks.deliver": {"queue": "mail"}},
    beat_schedule={
        "tick": {"task": "digest.tasks.tick", "schedule": 60.0, "options": {"expires": EXPIRES}},
        "nightly": {"task": "digest.tasks.nightly", "schedule": crontab(hour="3", minute="17")},
    },
)


@worker_ready.connect
def _first_tick(**_: Any) -> None:
    """Beat fires for the first time after a whole interval; a worker that has just started looks at once."""
    app.send_task("digest.tasks.tick", expires=EXPIRES)


@worker_ready.connect
def _heed(**_: Any) -> None:
    """Know of the wish to end when it comes. Where SIGTERM stands for a soft shutdown (REMAP_SIGTERM) Celery says so
    only when its 20 s are over: letters would go on leaving, to be cut off between their dots and the replies.
    """
    before, worker = signal.getsignal(signal.SIGTERM), os.getpid()

    def stop(number: int, frame: FrameType | None) -> None:
        if os.getpid() == worker:
            _stopping.value = 1
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, stop)


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    """The worker was asked to end: it waits for its tasks, and those that could go on for long should not."""
    _stopping.value = 1


def stopping() -> bool:
    """Whether the worker that this process belongs to has been asked to end."""
    return bool(_stopping.value)
