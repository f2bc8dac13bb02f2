"""What the tests of the settings pages send and read."""

from datetime import UTC, date, datetime, timedelta

from django.contrib.messages import get_messages
from django.urls import reverse

from clinics.models import AuditEntry

NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London
TODAY = date(2031, 3, 10)
NINE = datetime(2031, 3, 17, 9, tzinfo=UTC)  # the Monday after
DRIP = [["set_up", 30, "usual"], ["steady", 60, "usual"]]


def day(number):
    return (TODAY + timedelta(days=number)).isoformat()


def hours(**changed):
    week = {f"{name}_{n}": at for n in range(5) for name, at in (("opens", "08:00"), ("closes", "18:00"))}
    return week | changed


def broken(response):
    """What the page that asks shows, as it is shown."""
    outcome = response.context["outcome"]
    return [(fault.visit.pk, [reason.message for reason in fault.reasons]) for fault in outcome.broken]


def carried(response):
    """What pressing a button of the page that asks would send."""
    sent = {}
    for name, value in response.context["carried"]:
        sent.setdefault(name, []).append(value)
    return sent | {"agreed": response.context["outcome"].mark}


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def errors(response, name="form"):
    return {field: list(words) for field, words in response.context[name].errors.items()}


def at(name, *args):
    return reverse(f"setup:{name}", args=args)


def changes(clinic):
    """What the audit trail says was changed."""
    return [entry.verb for entry in AuditEntry.objects.of(clinic).order_by("pk")]
