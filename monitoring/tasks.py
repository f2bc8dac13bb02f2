"""The jobs that look after every clinic: follow-ups the desk missed, and reports that nobody has read in time."""

from celery import shared_task
from django.utils import timezone

from .actions import escalate_everywhere, plan_everywhere, task_everywhere


@shared_task(name="monitoring.tasks.plan_follow_ups", ignore_result=True)
def plan_follow_ups() -> int:
    """Follow-ups, and the tasks of laboratory checks that are overdue."""
    now = timezone.now()
    return plan_everywhere(now=now) + task_everywhere(now=now)


@shared_task(name="monitoring.tasks.escalate_reports", ignore_result=True)
def escalate_reports() -> int:
    return escalate_everywhere(now=timezone.now())
