"""The job that derives follow-ups for every clinic, should the desk have missed one."""

from celery import shared_task
from django.utils import timezone

from .actions import plan_everywhere


@shared_task(name="monitoring.tasks.plan_follow_ups", ignore_result=True)
def plan_follow_ups() -> int:
    return plan_everywhere(now=timezone.now())
