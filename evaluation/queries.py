"""Reading evaluations: evidence, verdicts, clearances; always from a clinic or from a patient of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from clinics.queries import or_404
from patients.models import Allergy, EarlierInfusion, Medication, Patient, Vaccination
from regimens.models import RegimenVersion
from regimens.queries import off_label_words, prescribable, regimen_of

from .domain.findings import Override
from .domain.kinds import KINDS, Kind
from .domain.requirements import DEFAULTS, Catalogue, Purpose, Requirement, Subject
from .domain.values import describe
from .domain.verdict import Evidence, Verdict, judge
from .models import Clearance, Evaluation, Result
from .rule_queries import catalogue_of


@dataclass(frozen=True, slots=True)
class Chart:
    """What the verdict needs of one patient, read once: evidence, clearances newest first, and the clinic's rules."""

    patient: Patient
    evidence: tuple[Evidence, ...]
    clearances: tuple[Clearance, ...]
    catalogue: Catalogue = DEFAULTS


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result as a screen shows it. ``good_until`` is the last day it serves the strictest requirement."""

    result: Result
    kind: Kind
    words: str
    good_until: date | None

    @property
    def entered(self) -> str:
        """What was typed, where that differs from what is kept."""
        unit = next((u.label for u in self.kind.units if u.code == self.result.entered_unit), "")
        typed = f"{self.result.entered_value} {unit}".strip()
        return typed if self.kind.is_numeric and typed != self.words else ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A regimen that may be named under a signature, with its label status for one disease in plain words."""

    version: RegimenVersion
    use: str
    schedule: str
    off_label: tuple[str, ...] = ()


def evaluation(clinic: Clinic, pk: int) -> Evaluation:
    """One evaluation of the clinic, or 404."""
    rows = Evaluation.objects.of(clinic).select_related("patient", "diagnosis", "clinic", "opened_by")
    return or_404(rows, pk=pk)


def evaluations_of(patient: Patient) -> QuerySet[Evaluation]:
    """All of a patient's evaluations, newest first."""
    rows = Evaluation.objects.of(patient.clinic).filter(patient=patient)
    return rows.select_related("diagnosis", "clearance__regimen_version", "clearance__signed_by")


def open_evaluation_of(diagnosis_pk: int, clinic: Clinic) -> Evaluation | None:
    """The evaluation that is open for a diagnosis, if there is one."""
    return Evaluation.objects.of(clinic).filter(diagnosis_id=diagnosis_pk, state="open").first()


def clearance(clinic: Clinic, pk: int) -> Clearance:
    """One clearance of the clinic, or 404."""
    rows = Clearance.objects.of(clinic).select_related("patient", "evaluation__diagnosis", "regimen_version")
    return or_404(rows, pk=pk)


def result(clinic: Clinic, pk: int) -> Result:
    """One result of the clinic, or 404."""
    return or_404(Result.objects.of(clinic).select_related("patient", "recorded_by"), pk=pk)


def results_of(patient: Patient) -> QuerySet[Result]:
    """Every result ever recorded for a patient, corrected ones too, newest first."""
    rows = Result.objects.of(patient.clinic).filter(patient=patient)
    return rows.select_related("recorded_by", "superseded_by", "supersedes", "score").order_by(
        "-observed_on", "-id"
    )


def standing_results(patient: Patient) -> QuerySet[Result]:
    """The results that stand: none that was corrected."""
    return results_of(patient).filter(superseded_by__isnull=True)


def shown(row: Result, catalogue: Catalogue = DEFAULTS) -> ResultRow | None:
    """A result with its words, or None where its kind is no longer known."""
    kind = KINDS.get(row.kind)
    if kind is None:
        return None
    ages = [
        each.maximum_age_days
        for each in catalogue.serving(Purpose.CLEARANCE)
        if each.maximum_age_days is not None and kind.code in _every_kind(each)
    ]
    limits = [row.valid_until] if row.valid_until else []
    limits += [row.observed_on + timedelta(days=min(ages))] if ages else []
    return ResultRow(row, kind, describe(row.kind, row.value), min(limits, default=None))


def _every_kind(requirement: Requirement) -> set[str]:
    groups = [*requirement.needs, *(group for _, needs in requirement.needs_by_condition for group in needs)]
    return {kind for group in groups for kind in group}


def newest_results(patient: Patient) -> list[ResultRow]:
    """The newest standing result of each kind, in the order of the registry."""
    newest: dict[str, ResultRow] = {}
    catalogue = catalogue_of(patient.clinic)
    for row in standing_results(patient):
        found = shown(row, catalogue)
        if found is not None:
            newest.setdefault(row.kind, found)
    return [newest[code] for code in KINDS if code in newest]


def records_of(patient: Patient) -> dict[int, ResultRow]:
    """Every standing result by its key, as screens show it."""
    catalogue = catalogue_of(patient.clinic)
    rows = ((row.pk, shown(row, catalogue)) for row in standing_results(patient))
    return {pk: row for pk, row in rows if row is not None}


def subject_of(patient: Patient, condition: str = "") -> Subject:
    """The patient as the rules see them."""
    return Subject(
        birth_date=patient.birth_date,
        sex=patient.sex,
        past_menopause=patient.past_menopause,
        hysterectomy=patient.hysterectomy,
        deceased=patient.deceased,
        condition=condition,
    )


def charts(clinic: Clinic, patients: Iterable[Patient]) -> dict[int, Chart]:
    """The charts of many patients of a clinic in seven queries, by the patient's key."""
    people = {patient.pk: patient for patient in patients if patient.clinic_id == clinic.pk}
    evidence: dict[int, list[Evidence]] = defaultdict(list)
    keys = list(people)
    for row in Result.objects.of(clinic).filter(patient__in=keys, superseded_by__isnull=True):
        evidence[row.patient_id].append(
            Evidence(row.kind, row.value, row.observed_on, row.valid_until, row.pk, row.created_at)
        )
    for allergy in Allergy.objects.of(clinic).filter(patient__in=keys):
        noted = allergy.recorded_on or local_date(allergy.created_at, clinic.zone)
        evidence[allergy.patient_id] += _on_record("allergies", allergy.substance, noted)
    for vaccination in Vaccination.objects.of(clinic).filter(patient__in=keys):
        evidence[vaccination.patient_id] += _on_record("vaccinations", vaccination.text, vaccination.given_on)
    for pk, medicines in _medicines(clinic, keys).items():
        evidence[pk] += medicines
    for infusion in EarlierInfusion.objects.of(clinic).filter(patient__in=keys, reaction_grade__gte=1):
        evidence[infusion.patient_id].append(
            Evidence(
                "infusion_reaction",
                f"grade_{infusion.reaction_grade}",
                infusion.given_on,
                recorded_at=infusion.created_at,
                said=infusion.reaction_text,
            )
        )
    signed: dict[int, list[Clearance]] = defaultdict(list)
    rows = Clearance.objects.of(clinic).filter(patient__in=keys).order_by("-signed_at", "-id")
    for found in rows.select_related("evaluation__diagnosis", "regimen_version"):
        signed[found.patient_id].append(found)
    catalogue = catalogue_of(clinic)
    return {pk: Chart(people[pk], tuple(evidence[pk]), tuple(signed[pk]), catalogue) for pk in people}


def chart_of(patient: Patient) -> Chart:
    return charts(patient.clinic, [patient])[patient.pk]


def evidence_of(patient: Patient) -> tuple[Evidence, ...]:
    """All standing evidence about a patient: results, and what allergies and vaccinations on record tell."""
    return chart_of(patient).evidence


def _on_record(table: str, text: str, day: date) -> list[Evidence]:
    found = []
    for kind in KINDS.values():
        if kind.on_record and kind.on_record.table == table and kind.on_record.is_named_in(text):
            answer = kind.on_record.answer
            found.append(Evidence(kind.code, f"{answer} {day}" if answer in kind.dated else answer, day))
    return found


def _medicines(clinic: Clinic, keys: Iterable[int]) -> dict[int, list[Evidence]]:
    """What the current medicines of patients tell: one piece of evidence for each kind, naming all of them."""
    found: dict[tuple[int, str], list[Medication]] = defaultdict(list)
    listed = [kind for kind in KINDS.values() if kind.on_record and kind.on_record.table == "medications"]
    for row in Medication.objects.of(clinic).filter(patient__in=keys, is_current=True).order_by("text"):
        for kind in listed:
            if kind.on_record and kind.on_record.is_named_in(row.text):
                found[row.patient_id, kind.code].append(row)
    told: dict[int, list[Evidence]] = defaultdict(list)
    for (pk, code), rows in found.items():
        since = min(row.started_on or local_date(row.created_at, clinic.zone) for row in rows)
        said = ", ".join(row.text for row in rows)
        told[pk].append(Evidence(code, "taken", since, said=said))
    return told


def _newest_clearance(chart: Chart, condition: str) -> Clearance | None:
    return next(
        (row for row in chart.clearances if condition in ("", row.evaluation.diagnosis.condition)), None
    )


def standing_clearance(patient: Patient, on: date, *, condition: str = "") -> Clearance | None:
    """The clearance that stands on a day: the newest signed for the disease, unless withdrawn or run out."""
    newest = _newest_clearance(chart_of(patient), condition)
    if newest is None or newest.withdrawn_at is not None:
        return None
    return newest if newest.valid_from <= on <= newest.valid_until else None


def last_day_of_a_clearance(clinic: Clinic, today: date) -> date:
    """The last day a clearance signed today may stand until: the clinic's setting."""
    return today + timedelta(days=clinic.clearance_days)


def clearance_state(found: Clearance, on: date) -> tuple[Clearance, str]:
    """A clearance with how it stands on a day: ``cleared``, ``withdrawn`` or ``expired``."""
    if found.withdrawn_at is not None:
        return found, "withdrawn"
    return found, "cleared" if found.valid_from <= on <= found.valid_until else "expired"


def verdict_of(
    found: Evaluation, *, on: date, extra: Iterable[Evidence] = (), chart: Chart | None = None
) -> Verdict:
    """May this evaluation be signed? ``extra`` is evidence not saved yet."""
    read = chart or chart_of(found.patient)
    return judge(
        subject_of(found.patient, found.diagnosis.condition),
        (*read.evidence, *extra),
        on=on,
        purpose=Purpose.CLEARANCE,
        catalogue=read.catalogue,
    )


def gate_for(
    *,
    clinic: Clinic,
    patient: Patient,
    on: date,
    course_start: date | None = None,
    condition: str = "",
    today: date | None = None,
    chart: Chart | None = None,
    extra: Iterable[Evidence] = (),
    overrides: Sequence[Override] = (),
) -> Verdict:
    """May premedication be started on this local day? Judged on the visit's own date.

    ``course_start`` is the course's first infusion, planned or as given; without a condition the newest
    clearance's disease counts. ``today`` tells "will lapse" from "has lapsed". For many visits read
    ``charts`` once and pass each patient's own. ``overrides`` are those that stand for the visit.
    """
    read = chart or charts(clinic, [patient])[patient.pk]
    newest = _newest_clearance(read, condition)
    disease = condition or (newest.evaluation.diagnosis.condition if newest else "")
    signed: tuple[Evidence, ...] = ()
    if newest is not None and newest.withdrawn_at is not None:
        signed = (Evidence("clearance", "withdrawn", min(local_date(newest.withdrawn_at, clinic.zone), on)),)
    elif newest is not None:
        signed = (
            Evidence("clearance", "signed", newest.valid_from, newest.valid_until, None, newest.created_at),
        )
    return judge(
        subject_of(patient, disease),
        (*read.evidence, *signed, *extra),
        on=on,
        purpose=Purpose.GATE,
        catalogue=read.catalogue,
        course_start=course_start,
        today=today,
        overrides=overrides,
    )


def offers(clinic: Clinic, condition: str) -> list[Offer]:
    """The approved regimens for a disease, STANDARD first, each with its label status in words."""
    found = []
    for version in prescribable(clinic, condition=condition):
        regimen = regimen_of(version)
        use = next(each.use for each in regimen.conditions if each.code == condition)
        found.append(
            Offer(
                version,
                use=f"US: {use.us.words}; EU: {use.eu.words}",
                schedule=f"US: {regimen.label_status.us.words}; EU: {regimen.label_status.eu.words}",
                off_label=off_label_words(clinic, version, condition),
            )
        )
    return found
