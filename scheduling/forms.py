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
from .domain.instructions import FARTHEST_DAYS
from .domain.soft import SOFT, Accepted
from .domain.waiting import Freed

LARGEST_KEY = 2**63 - 1
LARGEST_VERSION = 2**31 - 1
_INSTANT, _KEY = r"2\d{3}-\d\d-\d\dT\d\d:\d\dZ", r"[1-9]\d{0,18}"
_OFFER = re.compile(
    rf"(?P<at>{_INSTANT})/(?P<chair>{_KEY})/(?P<nurse>{_KEY})(?P<more>(?:\+{_INSTANT}/{_KEY}){{0,4}})",
    re.ASCII,
)
NOT_A_TIME = "This time cannot be read. Write it as hours and minutes, for example 09:30."
NOT_AN_OFFER = "These times cannot be read. Choose one of the times on offer."


def offer_text(seats: Iterable[Seat]) -> str:
    """The seats of an offer as a form carries them."""
    return " ".join(
        f"{_written(seat.starts)}/{seat.chair}/{seat.nurse}"
        + "".join(f"+{_written(instant)}/{nurse}" for instant, nurse in seat.handovers)
        for seat in seats
    )


def read_offer(text: str, count: int) -> tuple[Seat, ...] | None:
    """The seats a form carried, exactly as many as there are visits; None for anything else."""
    found = [_OFFER.fullmatch(part) for part in text.split(" ")[: count + 1]]
    if len(found) != count:
        return None
    seats = []
    for part in found:
        if part is None:
            return None
        more = [each.split("/") for each in part["more"].split("+")[1:]]
        keys = [int(key) for key in (part["chair"], part["nurse"], *(nurse for _, nurse in more))]
        if max(keys) > LARGEST_KEY:
            return None
        try:
            handovers = tuple((_read(instant), int(nurse)) for instant, nurse in more)
            seats.append(Seat(_read(part["at"]), keys[0], keys[1], handovers))
        except ValueError:
            return None
    return tuple(seats)


def _written(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M}Z"


def _read(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


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


class RetreatForm(forms.Form):
    """A retreatment on demand: from which day on, and why."""

    start_on = Day(label="First infusion of the retreatment on")
    reason = Reason(label="Why is the patient treated again?")


class VersionForm(forms.Form):
    reason = Reason(label="Why does the course go on by the newer version?")


class RatesForm(forms.Form):
    """What an optional rate profile asks for, each to be confirmed."""

    def __init__(self, *args: Any, asks: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asks = tuple(asks)
        for number, ask in enumerate(self.asks):
            self.fields[f"ask_{number}"] = forms.BooleanField(
                label=f"{ask[:1].upper()}{ask[1:]}",
                error_messages={"required": "Confirm this, or leave the usual rates."},
            )

    @property
    def answers(self) -> dict[str, bool]:
        return {ask: bool(self.cleaned_data.get(f"ask_{number}")) for number, ask in enumerate(self.asks)}


class CoTherapyForm(forms.Form):
    """Whether a medicine of the plan is taken, with its dose, or why it is not."""

    is_taken = forms.TypedChoiceField(
        label="Is it taken?",
        choices=[("yes", "Yes, it is taken"), ("no", "No")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether it is taken."},
    )
    words = Line(label="Its dose, or why it is not taken", required=False, max_length=250)


class HoldInstructionForm(forms.Form):
    """What the patient does about one of their medicines around each infusion, in the prescriber's words."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    medicine = Line(label="Medicine", max_length=100, error_messages={"required": "Name the medicine."})
    words = Line(
        label="What the patient does",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Plain words: the patient reads them as they are.",
        error_messages={"required": "Write what the patient does."},
    )
    days_before = forms.IntegerField(
        label="From how many days before the infusion",
        required=False,
        min_value=0,
        max_value=FARTHEST_DAYS,
        help_text="0 is the day itself. Leave it empty where your words say it.",
    )
    days_after = forms.IntegerField(
        label="Until how many days after the infusion", required=False, min_value=0, max_value=FARTHEST_DAYS
    )


class LookForm(forms.Form):
    """Where to look for times: from which day, and around which time of day."""

    start = Day(label="From", required=False)
    at = Clock(label="Around", required=False)
    handover = forms.BooleanField(
        label="Also with a change of nurse",
        required=False,
        help_text="Adds times at which a second nurse takes over, and says when.",
    )
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


class AcceptForm(forms.Form):
    """Why soft rules are passed, and which of them the page showed."""

    accept = forms.CharField(widget=forms.HiddenInput, max_length=250)
    why = Reason(label="Why all the same?", widget=forms.Textarea(attrs={"rows": 2}))

    @property
    def accepted(self) -> Accepted | None:
        """What the colleague goes past; without a reason that can be kept its reason is empty. None where the page
        showed nothing to go past.
        """
        if not self.is_bound or not self.data.get("accept"):
            return None
        self.full_clean()
        codes = frozenset(str(self.data["accept"]).split(",")) & SOFT.keys()
        return Accepted(codes, str(self.cleaned_data.get("why", "")))


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


class ReplyForm(forms.Form):
    """What a patient reads in answer to a request."""

    reply = forms.CharField(
        label="Your answer, as the patient reads it",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The visit stays as it is. The patient gets a message, and reads this on their pages.",
        error_messages={"required": "Write what the patient should read."},
    )


class WaitForm(forms.Form):
    """What a patient who would come earlier says about it."""

    from_on = Day(
        label="Not before", required=False, help_text="Leave it open where any earlier day will do."
    )
    note = Line(
        label="Note", required=False, max_length=250, help_text="For staff, for example how to reach them."
    )


_FREED = re.compile(r"(?P<at>2\d{3}-\d\d-\d\dT\d\d:\d\d)Z/(?P<chair>[1-9]\d{0,18})", re.ASCII)


def freed_text(starts: datetime, chair: int) -> str:
    """A freed time as an address and a form carry it."""
    return f"{starts.astimezone(UTC):%Y-%m-%dT%H:%M}Z/{chair}"


def read_freed(text: str) -> Freed | None:
    """The freed time that an address or a form names; None for anything else."""
    found = _FREED.fullmatch(text)
    if found is None or int(found["chair"]) > LARGEST_KEY:
        return None
    try:
        starts = datetime.strptime(found["at"], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Freed(starts, int(found["chair"]))


CALENDAR = (date(2000, 1, 1), date(2199, 12, 31))
"""Days that the calendar of free starts knows."""
MOST_DAYS = 366
LONGEST_MINUTES = 16 * 60


class FreeForm(forms.Form):
    """What is asked of the free starts: days, and how long the visit takes or which infusion it is for."""

    first = Day(label="from")
    last = Day(label="to")
    minutes = forms.IntegerField(required=False, min_value=1, max_value=LONGEST_MINUTES)
    infusion = forms.IntegerField(required=False, min_value=1, max_value=LARGEST_KEY)
    all = forms.TypedChoiceField(choices=[("", "no"), ("0", "no"), ("1", "yes")], required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=MOST_DAYS)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        for name, day in (("first", first), ("last", last)):
            if day and not CALENDAR[0] <= day <= CALENDAR[1]:
                self.add_error(name, "This day lies outside the calendar.")
        if first and last and "first" not in self.errors and "last" not in self.errors:
            if last < first:
                self.add_error("last", "The last day lies before the first.")
            elif (last - first).days >= MOST_DAYS:
                self.add_error("last", f"Ask for at most {MOST_DAYS} days.")
        if not {"minutes", "infusion"} & {*self.errors} and not (
            cleaned.get("minutes") or cleaned.get("infusion")
        ):
            self.add_error("minutes", "Say how many minutes the visit takes, or which infusion it is for.")
        return cleaned
