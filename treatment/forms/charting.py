"""One form for each kind of entry of the chart: what is typed, read into what the entry keeps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from clinics.domain.refusals import Refusal
from clinics.domain.text import problem_with_text
from patients.domain.checks import WEIGHT_KG
from regimens.domain.definition import MAX_DOSE_MG
from scheduling.models import Visit

from ..domain.chart import Kind
from ..domain.rules import RULES

IDENTIFIERS = [
    ("name", _("Full name")),
    ("birth_date", _("Birth date")),
    ("record_number", _("Record number")),
]
NUMBER = {"inputmode": "decimal", "autocomplete": "off"}


def new_key() -> str:
    """A name for an entry that is still to be sent."""
    return str(uuid4())


class Words(forms.CharField):
    """A text that both databases can keep and a person can read."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value).strip()
        problem = problem_with_text(text)
        if problem:
            raise forms.ValidationError(problem)
        return text


class ChartForm(forms.Form):
    """What every entry has: its key, and when it happened (empty: now, as the tablet's clock has it in ``at``)."""

    kind: ClassVar[Kind]
    numbers: ClassVar[tuple[str, ...]] = ()
    key = forms.CharField(max_length=80, widget=forms.HiddenInput, required=False)
    at = forms.CharField(max_length=40, widget=forms.HiddenInput, required=False)
    time = forms.TimeField(
        label=_("When (empty: now)"),
        required=False,
        input_formats=["%H:%M"],
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"id_{self.kind.value}_%s")
        kwargs["initial"] = {"key": new_key()} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        for name in self.numbers:
            self.fields[name].widget = forms.TextInput(attrs=dict(NUMBER))
        for field in self.fields.values():
            _dress(field)
        self.order_fields([*(name for name in self.fields if name != "time"), "time"])

    def clean_at(self) -> datetime | None:
        text = self.cleaned_data["at"].strip()
        if not text:
            return None
        try:
            read = datetime.fromisoformat(text)
            return read.astimezone(UTC) if read.tzinfo is not None else None
        except (ValueError, OverflowError) as unreadable:
            raise forms.ValidationError(_("The tablet's time cannot be read.")) from unreadable

    def happened_at(self, visit: Visit, now: datetime) -> datetime:
        """When it happened: the time that was typed, on the visit's own day; else the tablet's, else now."""
        typed, zone = self.cleaned_data.get("time"), visit.clinic.zone
        if typed is not None:
            day = visit.starts_at.astimezone(zone).date()
            return datetime.combine(day, typed, tzinfo=zone).astimezone(UTC)
        pressed: datetime | None = self.cleaned_data.get("at")
        if pressed is None or now < pressed <= now + RULES.time("clock_grace"):
            return now
        return pressed

    def payload(self) -> dict[str, Any]:
        """What the entry keeps, fit for JSON."""
        left_out = {*ChartForm.base_fields, "correction_reason", "never_happened"}
        return {name: _plain(value) for name, value in self.cleaned_data.items() if name not in left_out}

    def refuse(self, reasons: tuple[Refusal, ...]) -> None:
        """Put each refusal beside its field, or above the form."""
        for reason in reasons:
            self.add_error(reason.field if reason.field in self.fields else None, reason.message)


def _dress(field: forms.Field) -> None:
    """The look of a control that is typed in; what is tapped has a look of its own."""
    if isinstance(field.widget, (forms.TextInput, forms.Textarea)) and not field.widget.is_hidden:
        field.widget.attrs.setdefault("class", "form-control")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value


class IdentityForm(ChartForm):
    kind = Kind.IDENTITY
    confirmed = forms.MultipleChoiceField(
        label=_("The patient says, and it agrees"), choices=IDENTIFIERS, widget=forms.CheckboxSelectMultiple
    )


class WeightForm(ChartForm):
    kind = Kind.WEIGHT
    numbers = ("kg",)
    kg = forms.DecimalField(
        label=_("Weight (kg)"), max_digits=5, decimal_places=2, min_value=WEIGHT_KG[0], max_value=WEIGHT_KG[1]
    )
    sure = forms.BooleanField(label=_("Weighed again: it is right"), required=False)


class PremedicationForm(ChartForm):
    kind = Kind.PREMEDICATION


class MedicineForm(ChartForm):
    """``place`` is the medicine's place in the regimen's set; without one it is given beside it."""

    kind = Kind.MEDICINE
    place = forms.IntegerField(required=False, min_value=0, max_value=99, widget=forms.HiddenInput)
    drug = Words(label=_("Medicine"), max_length=100)
    dose = Words(label=_("Dose"), max_length=40, required=False)
    route = Words(label=_("Route"), max_length=20, required=False)
    again = forms.BooleanField(label=_("Given once more"), required=False)

    def payload(self) -> dict[str, Any]:
        return super().payload() | {"place": self.cleaned_data.get("place")}


class ProductForm(ChartForm):
    kind = Kind.PRODUCT
    numbers = ("volume_ml",)
    product = Words(
        label=_("Product"),
        max_length=100,
        widget=forms.TextInput(attrs={"list": "products", "autocomplete": "off"}),
        help_text=_("Brand or biosimilar, as on the vial."),
    )
    lot = Words(label=_("Lot"), max_length=40)
    expires_on = forms.DateField(label=_("Expiry"), widget=forms.DateInput(attrs={"type": "date"}))
    volume_ml = forms.DecimalField(
        label=_("Volume in the bag (mL)"),
        max_digits=6,
        decimal_places=1,
        min_value=Decimal(1),
        max_value=Decimal(5000),
    )
    reason = Words(label=_("Why another product than last time"), max_length=200, required=False)


class RateForm(ChartForm):
    kind = Kind.RATE
    numbers = ("mg_h",)
    mg_h = forms.DecimalField(
        label=_("Rate (mg/h)"), max_digits=7, decimal_places=2, min_value=Decimal("0.01")
    )
    reason = Words(label=_("Reason, where it is not the plan's"), max_length=200, required=False)


class PauseForm(ChartForm):
    kind = Kind.PAUSE
    reason = Words(label=_("Why"), max_length=200, required=False)


class StopForm(ChartForm):
    kind = Kind.STOP
    numbers = ("dose_mg",)
    complete = forms.TypedChoiceField(
        label=_("Dose"),
        choices=[("yes", _("The whole dose was given")), ("no", _("Stopped before the end"))],
        coerce=lambda answer: answer == "yes",
        widget=forms.RadioSelect,
    )
    dose_mg = forms.DecimalField(
        label=_("Dose given (mg), if you know it better"),
        max_digits=7,
        decimal_places=2,
        min_value=Decimal(0),
        max_value=MAX_DOSE_MG,
        required=False,
    )
    reason = Words(label=_("Why it was stopped"), max_length=200, required=False)


class VitalsForm(ChartForm):
    kind = Kind.VITALS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for sign in RULES.signs:
            self.fields[sign.code] = forms.DecimalField(
                label=f"{sign.label} ({sign.unit})",
                max_digits=5,
                decimal_places=1,
                required=False,
                widget=forms.TextInput(attrs=dict(NUMBER)),
            )
            _dress(self.fields[sign.code])
        self.order_fields([*(name for name in self.fields if name != "time"), "time"])

    def signs(self) -> list[forms.BoundField]:
        """The fields of the signs, in their order."""
        return [self[sign.code] for sign in RULES.signs]


class ReactionForm(ChartForm):
    kind = Kind.REACTION
    numbers = ("mg_h",)
    grade = forms.TypedChoiceField(
        label=_("Grade (CTCAE)"),
        choices=[(grade.grade, grade.label) for grade in RULES.grades.values()],
        coerce=int,
        widget=forms.RadioSelect,
    )
    symptoms = forms.MultipleChoiceField(
        label=_("What is seen"),
        choices=[(choice.code, choice.label) for choice in RULES.symptoms],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    text = Words(label=_("In your words"), max_length=200, required=False)
    act = forms.ChoiceField(
        label=_("What you do"),
        choices=[(choice.code, choice.label) for choice in RULES.acts],
        widget=forms.RadioSelect,
    )
    mg_h = forms.DecimalField(
        label=_("New rate, if slowed (mg/h)"),
        max_digits=7,
        decimal_places=2,
        min_value=Decimal("0.01"),
        required=False,
    )


class NoteForm(ChartForm):
    kind = Kind.NOTE
    text = Words(label=_("Note"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


FORMS: Mapping[str, type[ChartForm]] = {
    form.kind.value: form
    for form in (
        IdentityForm,
        WeightForm,
        PremedicationForm,
        MedicineForm,
        ProductForm,
        RateForm,
        PauseForm,
        StopForm,
        VitalsForm,
        ReactionForm,
        NoteForm,
    )
}


def form_for(kind: str) -> type[ChartForm] | None:
    """The form of a kind of entry, or None where nothing of the kind is typed."""
    return FORMS.get(kind)


def blank_forms(initial: Mapping[str, Mapping[str, Any]]) -> dict[str, ChartForm]:
    """An empty form of every kind, with what each begins with."""
    return {kind: form(initial=dict(initial.get(kind, {}))) for kind, form in FORMS.items()}
