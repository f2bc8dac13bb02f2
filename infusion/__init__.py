"""The shell of the project: settings, addresses, the Celery app, and the screens that span rooms."""

from infusion.celery import app as celery_app

__all__ = ["celery_app"]
