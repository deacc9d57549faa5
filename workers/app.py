"""The Celery application, from Settings. `celery -A workers.app worker -P threads -Q dial,sweep`.

Redis carries ids and may lose or repeat them (docs/reliability.md): no result backend, no ETA,
no rate_limit, no retries by Celery. Time limits do nothing under `-P threads`, so every task is
bounded by itself.
"""

from __future__ import annotations

import os

from celery import Celery
from kombu import Exchange, Queue

from campaigns.config import Settings
from workers.schedule import BEAT_SCHEDULE

settings = Settings.load(os.environ)
BROKER = settings.redis_url.get_secret_value() if settings.redis_url else "redis://127.0.0.1:6379/0"

app = Celery("campaigns", broker=BROKER, include=["workers.tasks"])
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    # Nothing but the queues: Celery reads a subscription that broke and came back with no time
    # limit, in the one thread that takes messages. The worker looks alive and is deaf for ever.
    worker_enable_remote_control=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_default_queue="sweep",
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in ("dial", "sweep")],
    task_routes={"workers.tasks.dial": {"queue": "dial"}},
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1, "interval_max": 0.2},
    broker_transport_options={
        # A message of a killed worker comes back after two minutes at the latest; the database's
        # lease has given the task to someone else long before, and the second ring finds nothing.
        "visibility_timeout": 120,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 15,
        "socket_connect_timeout": 5,
        "health_check_interval": 25,
        "retry_on_timeout": True,
        **({} if BROKER.startswith("redis+socket") else {"socket_keepalive": True}),
    },
    beat_schedule=BEAT_SCHEDULE,
    beat_scheduler="celery.beat:Scheduler",
    beat_max_loop_interval=BEAT_SCHEDULE["tick"]["schedule"],
    timezone="UTC",
    enable_utc=True,
)
