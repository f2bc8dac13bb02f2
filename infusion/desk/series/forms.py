"""Forms of a series: what is asked, and what a preview carries to its confirmation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict

from clinics.domain.calendar import local_instant
from clinics.domain.refusals import Refusal
from patients.forms import Day
from scheduling.domain.booking import Seat
from scheduling.domain.series import CEASE, DEFER, FURTHEST_DAYS, OMIT, Decision
from scheduling.forms import LARGEST_KEY, Clock, Reason, read_offer

ALONE, FOLLOWING = "only", "following"
UNREADABLE = "This page cannot be read any more. Look at the preview again."


class WhyForm(forms.Form):
    """Why the series is changed; asked on the preview, and kept in every visit's history."""

    reason = Reason(label="Why?")


class DecideForm(forms.Form):
    """A prescriber's decision about one infusion."""

    kind = forms.ChoiceField(
        label="What is decided?",
        choices=[
            (DEFER, "Defer it: it is given on another day"),
            (OMIT, "Leave it out: the others keep their dates"),
            (CEASE, "End the series: this and all that follow are not given"),
        ],
        widget=forms.RadioSelect,
        initial=DEFER,
    )
    days = forms.IntegerField(
        label="By how many days is it deferred?",
        required=False,
        min_value=-FURTHEST_DAYS,
        max_value=FURTHEST_DAYS,
        help_text="14 is two weeks later; -3 is three days sooner.",
    )
    carries = forms.BooleanField(
        label="What follows moves by the same days",
        required=False,
        help_text="Otherwise the later infusions keep their dates, as far as the minimum interval allows.",
    )
    reason = Reason(label="Why?")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == DEFER and not cleaned.get("days") and "days" not in self.errors:
            self.add_error("days", "Say by how many days: 0 would change nothing.")
        return cleaned

    def decision(self, ordinal: int) -> Decision:
        """The decision, once the form is valid."""
        typed = self.cleaned_data
        if typed["kind"] != DEFER:
            return Decision(ordinal, typed["kind"])
        return Decision(ordinal, DEFER, typed["days"], typed["carries"])


class ConfirmForm(forms.Form):
    """What a preview carries: the versions it showed, and the name of the change, so that two clicks are one."""

    versions = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)
    batch = forms.UUIDField(widget=forms.HiddenInput, error_messages={"invalid": UNREADABLE})

    @property
    def shown(self) -> dict[int, int] | None:
        """The version of each visit by its key; None where it cannot be read."""
        pairs = [part.partition(":") for part in str(self.cleaned_data.get("versions", "")).split()]
        if not all(_is_key(key) and _is_key(version) for key, _, version in pairs):
            return None
        return {int(key): int(version) for key, _, version in pairs}


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_KEY


def fresh(versions: Mapping[int, int]) -> dict[str, Any]:
    """What a page that is shown anew carries."""
    return {
        "versions": " ".join(f"{key}:{version}" for key, version in sorted(versions.items())),
        "batch": uuid4(),
    }


class RowForm(forms.Form):
    """What a person chooses for a later infusion instead of the time that was found for it."""

    day = Day(label="Another day", required=False)
    time = Clock(label="at", required=False)
    hold = forms.BooleanField(label="Give up its time and hold its window", required=False)
    seat = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day, at = cleaned.get("day"), cleaned.get("time")
        if (day is None) != (at is None) and not self.errors:
            self.add_error("time" if at is None else "day", "Say both the day and the time, or neither.")
        elif day is not None and at is not None:
            instant = _instant(day, at, self.zone)
            if isinstance(instant, Refusal):
                self.add_error("time" if instant.field == "time" else "day", instant.message)
            else:
                cleaned["starts"] = instant
        return cleaned

    @property
    def starts(self) -> datetime | None:
        """The instant typed, if one was."""
        return self.cleaned_data.get("starts") if self.is_valid() else None

    @property
    def shown(self) -> Seat | None:
        """The time the page showed, if it can be read."""
        seats = read_offer(str(self.cleaned_data.get("seat") or ""), 1) if self.is_valid() else None
        return seats[0] if seats else None


def _instant(day: Any, at: Any, zone: ZoneInfo) -> datetime | Refusal:
    try:
        return local_instant(day, at, zone)
    except OverflowError:
        return Refusal("date_out_of_range", "This day lies outside the calendar.", "day")


def row_forms(
    ordinals: Iterable[int], *, zone: ZoneInfo, typed: QueryDict | None = None
) -> dict[int, RowForm]:
    """A form for each later infusion, by ordinal; unbound where the page did not carry one."""
    found = {}
    for n in ordinals:
        prefix = f"infusion{n}"
        carried = typed is not None and any(key.startswith(f"{prefix}-") for key in typed)
        found[n] = RowForm(typed if carried else None, zone=zone, prefix=prefix)
    return found
