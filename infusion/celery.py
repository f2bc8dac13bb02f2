"""The Celery app: what runs by the clock, and how patient its links to the broker are.

Messages carry ids or nothing at all, never a time: what is due stands in the database, and
beat only nudges the worker to look. A lost, late or doubled message therefore costs nothing.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infusion.settings")

# A web request that meets a dead or hung broker gives up after a quarter of a second; the
# background programs have nobody waiting for them and bear a slow broker longer.
IMPATIENT = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25, "max_retries": 0}
PATIENT = {"socket_timeout": 5.0, "socket_connect_timeout": 5.0}


def by_the_clock() -> dict[str, dict[str, Any]]:
    """What beat asks for, and how often in seconds. An unread nudge is worthless once the next one is out, so each
    expires with its period.
    """
    every = {
        "send what is due": ("infusion.reminders.tasks.sweep", settings.SWEEP_SECONDS),
        "close offers that have run out": ("scheduling.tasks.lapse_offers", 60.0),
        "plan follow-ups the desk missed": ("monitoring.tasks.plan_follow_ups", 900.0),
        "escalate reports that nobody has read": ("monitoring.tasks.escalate_reports", 60.0),
        "seal the audit trail": ("clinics.tasks.seal_audit", 60.0),
        "forget sessions that are over": ("infusion.doors.tasks.forget", 3600.0),
    }
    return {
        name: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
        for name, (task, seconds) in every.items()
    }


def configuration() -> dict[str, Any]:
    """Celery's configuration, read when first needed: Django's settings live in this same package."""
    return {
        "broker_url": settings.BROKER_URL or "memory://",
        "broker_transport_options": IMPATIENT,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "enable_utc": True,
        "timezone": "UTC",
        "beat_schedule": by_the_clock(),
        "beat_scheduler": "infusion.pulse:PulsingScheduler",
        "beat_max_loop_interval": 5,
        "task_publish_retry": False,
        "task_ignore_result": True,
        "task_time_limit": 300,
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


app = Celery("infusion")
app.add_defaults(configuration)
app.steps["consumer"].add("infusion.pulse:WorkerPulse")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def bear_a_slow_broker(**_signal: Any) -> None:
    """Lengthens the broker's timeouts in the worker and in beat, where no one waits for an answer."""
    app.conf.broker_transport_options = PATIENT
