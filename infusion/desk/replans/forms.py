"""Forms of re-planning: what has happened, and what a plan may do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django import forms

from clinics.domain.spans import FARTHEST_DAYS
from patients.forms import Day, Line
from scheduling.domain.disruption import CHAIR, CLOSED, LONGEST_DAYS, NURSE, Disruption
from scheduling.forms import Clock
from scheduling.queries.replans import Tolerance

MINUTES = [(0, "not at all"), (30, "30 minutes"), (60, "1 hour"), (120, "2 hours"), (240, "4 hours")]
DAYS = [
    (0, "stay on its day"),
    (1, "1 day"),
    (3, "3 days"),
    (7, "a week"),
    (14, "two weeks"),
    (28, "four weeks"),
]
AWAY = [(NURSE, "A nurse is away"), (CLOSED, "The clinic must close"), (CHAIR, "A chair is broken")]


class DisruptionForm(forms.Form):
    """What has happened. Only the field that goes with the cause is read."""

    cause = forms.ChoiceField(
        label="What has happened?", choices=AWAY, widget=forms.RadioSelect, initial=NURSE
    )
    nurse = forms.TypedChoiceField(label="Which nurse", coerce=int, required=False, empty_value=None)
    chair = forms.TypedChoiceField(label="Which chair", coerce=int, required=False, empty_value=None)
    first_day = Day(label="From")
    last_day = Day(
        label="To", help_text=f"The same day for one day; at most {LONGEST_DAYS} days.", required=False
    )
    since = Clock(
        label="Closed from",
        required=False,
        help_text="Only where the clinic is open until then; empty: all day.",
    )

    def __init__(
        self, *args: Any, nurses: Mapping[int, str], chairs: Mapping[int, str], today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["nurse"].choices = [("", "Choose"), *nurses.items()]  # type: ignore[attr-defined]
        self.fields["chair"].choices = [("", "Choose"), *chairs.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first is None or "last_day" in self.errors:
            return cleaned
        cleaned["last_day"] = last = last or first
        cause = cleaned.get("cause")
        if first < self.today:
            self.add_error("first_day", "This day is over. Choose today or a later day.")
        elif first > self.today + timedelta(days=FARTHEST_DAYS):
            self.add_error("first_day", "This day is more than five years away. Check the year.")
        elif last < first:
            self.add_error("last_day", "The last day lies before the first.")
        elif (last - first).days >= LONGEST_DAYS:
            self.add_error(
                "last_day", f"At most {LONGEST_DAYS} days at once; enter longer ones in the settings."
            )
        if cause == NURSE and not cleaned.get("nurse") and "nurse" not in self.errors:
            self.add_error("nurse", "Say which nurse.")
        if cause == CHAIR and not cleaned.get("chair") and "chair" not in self.errors:
            self.add_error("chair", "Say which chair.")
        if cause == CLOSED and cleaned.get("since") and last != first:
            self.add_error("since", "A time of day goes with one day only.")
        return cleaned

    def what(self, reason: str = "") -> Disruption:
        """The disruption, once the form is valid."""
        typed = self.cleaned_data
        cause = typed["cause"]
        return Disruption(
            cause,
            typed["first_day"],
            typed["last_day"],
            since=typed["since"] if cause == CLOSED else None,
            nurse=typed["nurse"] if cause == NURSE else None,
            chair=typed["chair"] if cause == CHAIR else None,
            reason=reason,
        )


class _Tolerant(forms.Form):
    """What a plan may do to a patient's time."""

    minutes = forms.TypedChoiceField(label="Move a visit on its day by at most", coerce=int, choices=MINUTES)
    days = forms.TypedChoiceField(label="Move a visit to another day by at most", coerce=int, choices=DAYS)

    def tolerance(self) -> Tolerance:
        typed = self.cleaned_data
        return Tolerance(
            typed["minutes"],
            typed["days"],
            others=typed.get("others", False),
            early=typed.get("goal") == "early",
        )


class ProposeForm(_Tolerant):
    """What a plan for a disruption may do, and why it is needed."""

    reason = Line(
        label="Reason",
        max_length=150,
        required=False,
        help_text="Colleagues read it in each visit's history. Leave a colleague's illness out.",
    )
    others = forms.BooleanField(
        label="Visits that are not touched may move a little too, where that helps", required=False
    )
    note_now = forms.BooleanField(label="", required=False)
    field_order = ["reason", "days", "others", "minutes", "note_now"]

    def __init__(self, *args: Any, cause: str, may_close: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cause = cause
        self.fields["days"].label = "The touched visits may go to another day, at most"
        self.fields["minutes"].label = "Visits that are not touched may move by at most"
        self.initial = {"minutes": 30, "days": 7, **self.initial}
        self.fields["note_now"].label = {
            NURSE: "Enter the absence now, so that nothing new is offered to this nurse meanwhile",
            CHAIR: "Take the chair out of service now, so that nothing new is offered in it meanwhile",
            CLOSED: "Enter the closure now, so that nothing new is offered there meanwhile"
            if may_close
            else "Ask a manager now to enter the closure",
        }[cause]

    def clean_reason(self) -> str:
        reason = self.cleaned_data["reason"].strip()
        if self.cause == CLOSED and not reason:
            raise forms.ValidationError("Say why in a few words.")
        return reason


class DayForm(_Tolerant):
    """Re-planning a day within what its patients bear."""

    on = Day(label="Day")
    goal = forms.ChoiceField(
        label="What for",
        choices=[
            ("fit", "Put right what no longer fits, and change as little as possible"),
            ("early", "Finish the day as early as possible"),
        ],
        widget=forms.RadioSelect,
        initial="fit",
    )
    field_order = ["on", "goal", "minutes", "days"]


class MonthForm(forms.Form):
    """The month whose reserved windows are to get their times."""

    month = forms.RegexField(
        r"^2[01]\d\d-(0[1-9]|1[0-2])$",
        label="Month",
        widget=forms.DateInput(attrs={"type": "month"}),
        error_messages={"invalid": "Write the month as year-month, for example 2026-03."},
    )

    def days(self) -> tuple[date, date]:
        """The month's first and last day."""
        year, month = (int(part) for part in self.cleaned_data["month"].split("-"))
        after = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), after - timedelta(days=1)
