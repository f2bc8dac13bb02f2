"""May we treat? Evidence that expires, evaluations, and clearances that a prescriber signs."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from clinics.models import ClinicManager
from patients.models import OfPatient

from .domain.scoring import entered_in_words


class Result(OfPatient):
    """One piece of evidence: a laboratory value, a finding, a statement, a consent. Append-only.

    ``kind`` names a row of ``evaluation.domain.kinds``; ``value`` is its canonical text (a decimal in the
    kind's own unit, or a choice); ``entered_value`` and ``entered_unit`` keep what was typed. A correction is
    a new row that supersedes the old one.
    """

    kind = models.CharField(max_length=40)
    value = models.CharField(max_length=60)
    unit = models.CharField(max_length=20, blank=True)
    entered_value = models.CharField(max_length=60, blank=True)
    entered_unit = models.CharField(max_length=30, blank=True)
    note = models.CharField(max_length=500, blank=True)
    observed_on = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    evaluation = models.ForeignKey(
        "evaluation.Evaluation", models.PROTECT, null=True, blank=True, related_name="results"
    )
    source_id = models.CharField(max_length=120, blank=True)
    recorded_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    correction_reason = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["-observed_on", "-id"]
        indexes = [models.Index(fields=["patient", "kind", "-observed_on"])]


class ScoreEntry(OfPatient):
    """What a disease score was calculated from. Append-only as its result is: a correction has an entry of its
    own, and the old one is kept.

    ``components`` holds what was entered, by the codes of ``evaluation.domain.scores``; ``also`` the results of
    other kinds that were written with it.
    """

    result = models.OneToOneField(Result, models.PROTECT, related_name="score")
    score = models.CharField(max_length=40)
    components = models.JSONField()
    rules_version = models.PositiveSmallIntegerField(
        help_text="The version of the rules it was calculated by."
    )
    also = models.ManyToManyField(Result, related_name="+")

    class Meta:
        ordering = ["-id"]

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What was entered, in words."""
        return entered_in_words(self.score, self.components)


class Evaluation(OfPatient):
    """One evaluation of one patient for one confirmed diagnosis, open until it is signed or closed."""

    STATES = [("open", "Open"), ("signed", "Signed"), ("closed", "Closed")]
    diagnosis = models.ForeignKey("patients.Diagnosis", models.PROTECT, related_name="evaluations")
    state = models.CharField(max_length=10, choices=STATES, default="open")
    opened_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField()
    closed_reason = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["diagnosis"], condition=Q(state="open"), name="one_open_evaluation"
            )
        ]


class Clearance(OfPatient):
    """A prescriber's signature under an evaluation: this regimen may be given, until this date, on this
    verdict.
    """

    evaluation = models.OneToOneField(Evaluation, models.PROTECT, related_name="clearance")
    regimen_version = models.ForeignKey("regimens.RegimenVersion", models.PROTECT, related_name="+")
    signed_by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    valid_from = models.DateField()
    valid_until = models.DateField()
    verdict = models.JSONField(help_text="The verdict as it stood when it was signed.")
    off_label_reason = models.CharField(max_length=250, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_reason = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["-signed_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")), name="clearance_ends_after_start"
            )
        ]


class RuleSetting(models.Model):
    """A number of the rules as a clinic has set it. Append-only: the newest of a code counts; without a value the
    product's own stands again.
    """

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="rule_settings")
    code = models.CharField(max_length=60)
    value = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    reason = models.CharField(max_length=250)
    by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    objects = ClinicManager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="rule_setting_has_a_reason"),
            models.CheckConstraint(
                condition=Q(value__isnull=True) | Q(value__gt=0), name="rule_setting_above_zero"
            ),
        ]
        indexes = [models.Index(fields=["clinic", "-at"])]
