"""What the tests of the booking screens arrange: a Monday three weeks ahead, offers, and the words of a page."""

import re
from datetime import UTC, datetime, time, timedelta
from html import unescape

from django.urls import reverse
from django.utils import timezone

from scheduling import actions
from scheduling.domain.booking import Seat
from scheduling.forms import offer_text


def monday(weeks=3):
    today = timezone.localdate()
    return today + timedelta(days=7 * weeks - today.weekday())


def seat(clinic, day, hour=9, minute=0, chair=0, nurse=0):
    starts = datetime.combine(day, time(hour, minute), tzinfo=clinic.zone).astimezone(UTC)
    chairs = list(clinic.chairs.order_by("pk"))
    nurses = list(clinic.memberships.filter(role="nurse").order_by("pk"))
    return Seat(starts, chairs[chair].pk, nurses[nurse].pk)


def pair_offer(clinic, **where):
    day = where.pop("day", monday())
    return offer_text([seat(clinic, day, **where), seat(clinic, day + timedelta(days=14), **where)])


def text_of(response):
    words = re.sub(r"<[^>]+>", " ", response.content.decode())
    return unescape(re.sub(r"\s+", " ", words))


def pair_url(course):
    return reverse("scheduling:pair", args=[course.pk])


def booked(course, member):
    clinic, day = course.clinic, monday()
    return actions.book_pair(
        course=course,
        first=seat(clinic, day),
        second=seat(clinic, day + timedelta(days=14)),
        by=member.user,
        now=timezone.now(),
    )


def single_url(course, ordinal=1):
    return reverse("scheduling:single", args=[course.planned_infusions.get(ordinal=ordinal).pk])
