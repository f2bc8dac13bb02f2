"""The job that forgets what the doors need no more."""

from celery import shared_task
from django.utils import timezone

from . import forgetting


@shared_task(name="infusion.doors.tasks.forget", ignore_result=True)
def forget() -> int:
    return forgetting.forget(now=timezone.now())
