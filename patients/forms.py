"""Forms of the patients room. The checks of a person stand in ``patients.domain.checks`` and serve the import too."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from clinics.forms import sound_text

from .domain.checks import Person, check_person
from .domain.wishes import WEEKDAYS
from .models import CONDITIONS, SEXES, YES_NO_UNKNOWN, Patient, Wishes

CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
NOT_A_TIME = "This time cannot be read. Write it as hours and minutes, for example 09:30."
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
NOT_A_DAY = "This day does not exist or cannot be read. Write it as year-month-day, for example 2026-02-28."


class Line(forms.CharField):
    """One line of text that both databases can keep."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators.append(sound_text)


class Day(forms.DateField):
    """A calendar day, written as year-month-day."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", DAY)
        super().__init__(input_formats=["%Y-%m-%d"], error_messages={"invalid": NOT_A_DAY}, **options)


class PatientForm(forms.Form):
    """A person's particulars. ``person`` holds the checked person once the form is valid."""

    given_name = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    family_name = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    birth_date = forms.CharField(required=False, widget=forms.TextInput(attrs={"type": "date"}))
    record_number = forms.CharField(required=False, help_text="The number on the patient's chart.")
    sex = forms.ChoiceField(label="Sex recorded for care", choices=SEXES, required=False, initial="unknown")
    past_menopause = forms.ChoiceField(
        label="Past menopause",
        choices=YES_NO_UNKNOWN,
        required=False,
        initial="unknown",
        help_text="Decides whether a pregnancy test is asked for.",
    )
    hysterectomy = forms.ChoiceField(choices=YES_NO_UNKNOWN, required=False, initial="unknown")
    email = forms.CharField(
        label="E-mail",
        required=False,
        help_text="Appointments and reminders go here. Without one, staff call.",
    )
    phone = forms.CharField(label="Telephone", required=False)
    address = Line(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    language = forms.ChoiceField(choices=[("en", "English"), ("es", "Spanish")], required=False)
    weight_kg = forms.CharField(label="Weight (kg)", required=False)
    height_cm = forms.CharField(label="Height (cm)", required=False)
    condition = forms.ChoiceField(
        label="Diagnosis", choices=[("", "Not known yet"), *CONDITIONS], required=False
    )

    person: Person | None = None

    def __init__(self, *args: Any, today: date, patient: Patient | None = None, **kwargs: Any) -> None:
        self.today, self.patient = today, patient
        if patient is not None:
            kwargs.setdefault("initial", {}).update(
                {name: getattr(patient, name) for name in self.base_fields if hasattr(patient, name)},
                birth_date=patient.birth_date.isoformat(),
                phone=str(patient.phone or ""),
            )
        super().__init__(*args, **kwargs)
        if patient is not None:
            for name in ("weight_kg", "height_cm", "condition"):
                del self.fields[name]
            if patient.language not in ("en", "es"):
                self.fields["language"].choices = [  # type: ignore[attr-defined]
                    (patient.language, patient.language),
                    ("en", "English"),
                    ("es", "Spanish"),
                ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        checked = check_person(
            {name: self.data.get(self.add_prefix(name), "") for name in self.fields}, today=self.today
        )
        if isinstance(checked, Person):
            self.person = checked
        else:
            for problem in checked:
                if problem.field in self.fields and problem.field not in self.errors:
                    self.add_error(problem.field, problem.words)
        return cleaned

    @property
    def more(self) -> dict[str, str]:
        """What a patient has beyond the checked person."""
        return {
            "address": self.cleaned_data["address"],
            "past_menopause": self.cleaned_data["past_menopause"] or "unknown",
            "hysterectomy": self.cleaned_data["hysterectomy"] or "unknown",
        }


class DiagnosisForm(forms.Form):
    condition = forms.ChoiceField(label="Diagnosis", choices=CONDITIONS)
    recorded_on = Day(label="Diagnosed on", required=False)


class DecideForm(forms.Form):
    """Which of the seven a near diagnosis is, or none of them."""

    condition = forms.ChoiceField(label="This is", choices=[*CONDITIONS, ("none", "None of these")])


class MeasurementForm(forms.Form):
    weight_kg = forms.CharField(label="Weight (kg)", required=False)
    height_cm = forms.CharField(label="Height (cm)", required=False)
    taken_on = Day(label="Taken on")

    def __init__(self, *args: Any, patient: Patient, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.patient, self.today = patient, today
        self.values: dict[str, Any] = {}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed = {name: cleaned.get(name, "") for name in ("weight_kg", "height_cm")}
        if not any(typed.values()):
            self.add_error("weight_kg", "Give a weight or a height.")
        taken_on = cleaned.get("taken_on")
        if taken_on and not self.patient.birth_date <= taken_on <= self.today:
            self.add_error("taken_on", "This day lies in the future or before the patient's birth.")
        known = {
            "record_number": "x1",
            "given_name": "x",
            "family_name": "x",
            "birth_date": self.patient.birth_date.isoformat(),
            **typed,
        }
        checked = check_person(known, today=self.today)
        if isinstance(checked, Person):
            self.values = {"weight": checked.weight_kg, "height": checked.height_cm}
        else:
            for problem in checked:
                self.add_error(problem.field if problem.field in self.fields else None, problem.words)
        return cleaned


class EarlierInfusionForm(forms.Form):
    given_on = Day(label="Given on")
    where = forms.ChoiceField(choices=[("elsewhere", "Elsewhere"), ("here", "In this clinic")])
    product = Line(label="Product (brand)", required=False, max_length=100)
    dose_mg = forms.DecimalField(
        label="Dose (mg)",
        required=False,
        min_value=1,
        max_value=2000,
        max_digits=7,
        decimal_places=2,
        help_text="Leave empty when it is not known.",
    )
    reaction_grade = forms.TypedChoiceField(
        label="Infusion reaction (CTCAE grade)",
        coerce=int,
        choices=[(0, "None known"), (1, "Grade 1"), (2, "Grade 2"), (3, "Grade 3"), (4, "Grade 4")],
    )
    reaction_text = Line(label="What happened", required=False, max_length=250)


class MedicineForm(forms.Form):
    text = Line(label="Medicine, with strength and how often", max_length=250)
    started_on = Day(label="Taken since", required=False, help_text="Leave empty when it is not known.")


class DeathForm(forms.Form):
    deceased_on = Day(label="Died on", required=False, help_text="Leave empty when the day is not known.")


class WishesForm(forms.Form):
    """What a patient asks of their times. A wish ranks the times on offer; a place is a need."""

    weekdays = forms.TypedMultipleChoiceField(
        label="Weekdays that suit",
        choices=list(enumerate(day.removesuffix("s") for day in WEEKDAYS)),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked means any day.",
    )
    not_before = forms.TimeField(
        label="Not before",
        required=False,
        input_formats=["%H:%M"],
        error_messages={"invalid": NOT_A_TIME},
        widget=CLOCK,
    )
    not_after = forms.TimeField(
        label="Over by",
        required=False,
        input_formats=["%H:%M"],
        error_messages={"invalid": NOT_A_TIME},
        widget=CLOCK,
        help_text="When the patient would like to be on the way home.",
    )
    place = forms.ChoiceField(
        label="Place",
        choices=Wishes.PLACES,
        required=False,
        help_text="A need: with a bed or an isolation room chosen, other places are not offered.",
    )
    notice_hours = forms.IntegerField(
        label="Must know so many hours beforehand",
        min_value=0,
        max_value=14 * 24,
        help_text="Earlier times from the waiting list are offered only with this much notice.",
    )
    note = Line(
        label="Note", required=False, max_length=250, help_text="For example: comes by patient transport."
    )
    shown = Line(required=False, max_length=400, widget=forms.HiddenInput)

    def __init__(self, typed: Any = None, *, wishes: Wishes | None, shown: str) -> None:
        row = wishes or Wishes()
        first = {
            name: getattr(row, name)
            for name in ("weekdays", "not_before", "not_after", "place", "notice_hours", "note")
        }
        super().__init__(typed, initial={**first, "shown": shown})
