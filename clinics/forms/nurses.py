"""Forms of nurses' shifts, breaks and leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from django import forms

from clinics.actions import change_shift, end_shift
from clinics.domain.roster import MOST_BREAKS, Break, Duty
from clinics.domain.spans import WEEKDAYS
from clinics.models import Shift, User

from .fields import day_field, last_typed, time_field
from .text import sound_text


class BreakFields(NamedTuple):
    number: int
    starts: forms.BoundField
    ends: forms.BoundField


class TimesForm(forms.Form):
    """A shift's times with room for its breaks."""

    starts = time_field("From")
    ends = time_field("To")

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for number in range(1, MOST_BREAKS + 1):
            self.fields[f"break_{number}"] = time_field(f"Break {number}: from", required=False)
            self.fields[f"break_{number}_ends"] = time_field(f"Break {number}: to", required=False)

    @property
    def break_fields(self) -> list[BreakFields]:
        return [
            BreakFields(number, self[f"break_{number}"], self[f"break_{number}_ends"])
            for number in range(1, MOST_BREAKS + 1)
        ]

    @property
    def breaks(self) -> list[Break]:
        """The checked breaks in the order of the fields; rows left empty are none."""
        typed = self.cleaned_data
        rows = [(typed.get(f"break_{n}"), typed.get(f"break_{n}_ends")) for n in range(1, MOST_BREAKS + 1)]
        return [(starts, ends) for starts, ends in rows if starts and ends]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        for number in range(1, MOST_BREAKS + 1):
            fields = (f"break_{number}", f"break_{number}_ends")
            given = [name for name in fields if typed.get(name)]
            if len(given) == 1 and not any(name in self.errors for name in fields):
                missing = next(name for name in fields if name not in given)
                self.add_error(missing, "Give both times of the break, or neither.")
        return typed


class ShiftForm(TimesForm):
    """Weekly shifts to be added, the same on each weekday chosen."""

    weekdays = forms.TypedMultipleChoiceField(
        label="Weekdays",
        choices=list(enumerate(WEEKDAYS)),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose the weekdays.", "invalid_choice": "Choose the weekdays."},
    )
    first_day = day_field("From day")
    last_day = day_field("Until day", required=False, help_text="Leave empty: until further notice.")

    @property
    def shifts(self) -> dict[str, Any]:
        """The checked shifts as the action takes them."""
        names = ("weekdays", "starts", "ends", "first_day", "last_day")
        return {name: self.cleaned_data[name] for name in names} | {"breaks": self.breaks}


class ShiftChangeForm(TimesForm):
    """A shift to be changed or ended from a day on."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    from_day = day_field(
        "From which day on", help_text="Until then the shift stands as it is, and stays on record."
    )

    @staticmethod
    def initial_of(duty: Duty, from_day: date) -> dict[str, Any]:
        """What the form shows of a shift that is to be changed from a day on."""
        shown: dict[str, Any] = {"starts": duty.starts, "ends": duty.ends}
        shown["from_day"] = max(from_day, duty.days.first)
        for number, (starts, ends) in enumerate(duty.breaks, start=1):
            shown |= {f"break_{number}": starts, f"break_{number}_ends": ends}
        return shown

    def changing(self, shift: Shift, *, by: User, today: date) -> Callable[[], Any]:
        """The change of the shift as it was typed."""
        typed = {name: self.cleaned_data[name] for name in ("starts", "ends", "from_day", "seen")}
        return partial(change_shift, shift=shift, breaks=self.breaks, by=by, today=today, **typed)

    def ending(self, shift: Shift, *, by: User, today: date) -> Callable[[], Any]:
        """The end of the shift from the day typed."""
        typed = {name: self.cleaned_data[name] for name in ("from_day", "seen")}
        return partial(end_shift, shift=shift, by=by, today=today, **typed)


class LeaveForm(forms.Form):
    """Days on which a nurse is away."""

    first_day = day_field("First day")
    last_day = day_field("Last day", required=False, help_text="Leave empty for a single day.")
    reason = forms.CharField(
        label="Note",
        max_length=150,
        required=False,
        validators=[sound_text],
        help_text="For the roster, such as “holiday”. Nothing about health.",
    )

    @property
    def until(self) -> date:
        return last_typed(self.cleaned_data)
