"""Forms of the scheduling room: start dates, wanted times, reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from clinics.domain.calendar import local_instant
from clinics.domain.refusals import Refusal
from patients.forms import Day, Line

from .domain.booking import Seat

LARGEST_KEY = 2**63 - 1
LARGEST_VERSION = 2**31 - 1
_OFFER = re.compile(
    r"(?P<at>2\d{3}-\d\d-\d\dT\d\d:\d\d)Z/(?P<chair>[1-9]\d{0,18})/(?P<nurse>[1-9]\d{0,18})", re.ASCII
)
NOT_A_TIME = "This time cannot be read. Write it as hours and minutes, for example 09:30."
NOT_AN_OFFER = "These times cannot be read. Choose one of the times on offer."


def offer_text(seats: Iterable[Seat]) -> str:
    """The seats of an offer as a form carries them."""
    return " ".join(
        f"{seat.starts.astimezone(UTC):%Y-%m-%dT%H:%M}Z/{seat.chair}/{seat.nurse}" for seat in seats
    )


def read_offer(text: str, count: int) -> tuple[Seat, ...] | None:
    """The seats a form carried, exactly as many as there are visits; None for anything else."""
    found = [_OFFER.fullmatch(part) for part in text.split(" ")[: count + 1]]
    if len(found) != count:
        return None
    seats = []
    for part in found:
        if part is None or max(int(part["chair"]), int(part["nurse"])) > LARGEST_KEY:
            return None
        try:
            starts = datetime.strptime(part["at"], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
        except ValueError:
            return None
        seats.append(Seat(starts, int(part["chair"]), int(part["nurse"])))
    return tuple(seats)


class Clock(forms.TimeField):
    """A wall-clock time, in hours and minutes."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
        super().__init__(input_formats=["%H:%M"], error_messages={"invalid": NOT_A_TIME}, **options)


class Reason(Line):
    """A few words that stay in the visit's history."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 250)
        options.setdefault("error_messages", {"required": "Say why in a few words."})
        super().__init__(**options)


class PrescribeForm(forms.Form):
    """A new course from a start date, or one that goes on from infusions given before."""

    NEW, CONTINUE = "new", "continue"
    how = forms.ChoiceField(label="This is", choices=[(NEW, "A new course")], widget=forms.RadioSelect)
    start_on = Day(
        label="First infusion on",
        required=False,
        help_text="Staff book the nearest free times from this day on.",
    )
    since = forms.TypedChoiceField(
        label="The present course began with the infusion of", coerce=date.fromisoformat, required=False
    )

    def __init__(self, *args: Any, earlier: Sequence[date] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not earlier:
            del self.fields["how"], self.fields["since"]
            return
        self.fields["how"].choices = [  # type: ignore[attr-defined]
            (self.NEW, "A new course, from its first infusion"),
            (self.CONTINUE, "Already under way: go on from the infusions on record"),
        ]
        self.fields["since"].choices = [  # type: ignore[attr-defined]
            (day.isoformat(), f"{day.day} {day:%B %Y}") for day in earlier
        ]

    @property
    def continues(self) -> bool:
        return self.cleaned_data.get("how") == self.CONTINUE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (
            "start_on" not in self.errors
            and cleaned.get("how") != self.CONTINUE
            and not cleaned.get("start_on")
        ):
            self.add_error("start_on", "Say on which day the first infusion is planned.")
        return cleaned


class StartForm(forms.Form):
    start_on = Day(label="First infusion on")


class StopForm(forms.Form):
    reason = Reason(label="Why is the course stopped?")


class LookForm(forms.Form):
    """Where to look for times: from which day, and around which time of day."""

    start = Day(label="From", required=False)
    at = Clock(label="Around", required=False)
    more = forms.BooleanField(required=False, widget=forms.HiddenInput)


class TypedTimeForm(forms.Form):
    """A day and a time typed by hand. ``starts`` is the instant once the form is valid."""

    day = Day(label="Day")
    time = Clock(label="Time")
    starts: datetime | None = None

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day, at = cleaned.get("day"), cleaned.get("time")
        if isinstance(day, date) and isinstance(at, time):
            try:
                instant = local_instant(day, at, self.zone)
            except OverflowError:
                instant = Refusal("date_out_of_range", "This day lies outside the calendar.", "day")
            if isinstance(instant, Refusal):
                self.add_error("time" if instant.field == "time" else "day", instant.message)
            else:
                self.starts = instant
        return cleaned


class MoveForm(forms.Form):
    """Why, and the version of each visit the page showed."""

    reason = Reason(label="Why is it moved?", widget=forms.Textarea(attrs={"rows": 2}))
    version = forms.IntegerField(min_value=1, max_value=LARGEST_VERSION, widget=forms.HiddenInput)
    other_version = forms.IntegerField(
        min_value=1, max_value=LARGEST_VERSION, widget=forms.HiddenInput, required=False
    )


class TypedMoveForm(TypedTimeForm):
    reason = Reason(label="Why is it moved?")
    version = forms.IntegerField(min_value=1, max_value=LARGEST_VERSION, widget=forms.HiddenInput)


class CancelForm(forms.Form):
    reason = Reason(label="Why is it cancelled?")
    version = forms.IntegerField(min_value=1, max_value=LARGEST_VERSION, widget=forms.HiddenInput)
    both = forms.BooleanField(required=False)

    def __init__(self, *args: Any, other: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if other:
            self.fields["both"].label = f"Cancel {other} as well"
        else:
            del self.fields["both"]
