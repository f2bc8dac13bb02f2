"""Visits with every version of them, and the soft rules that were knowingly broken for one."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from clinics.models import ClinicManager
from patients.models import OfPatient
from scheduling.constraints import PostgresExclusion

STANDING = ("pending", "booked", "arrived", "fulfilled")


class TstzRange(Func):
    function = "TSTZRANGE"


class Visit(OfPatient):
    """A booked time: an infusion in a chair with a nurse, or a follow-up with a clinician. FHIR's status
    words.

    The database refuses two standing visits that share a chair or a patient: on PostgreSQL by the two
    exclusion constraints below, on SQLite by the triggers of ``scheduling.walls``.
    """

    KINDS = [("infusion", "Infusion"), ("follow_up", "Follow-up")]
    STATUSES = [
        ("proposed", "Proposed"),
        ("pending", "Pending"),
        ("booked", "Booked"),
        ("arrived", "Arrived"),
        ("fulfilled", "Done"),
        ("cancelled", "Cancelled"),
        ("noshow", "Did not come"),
        ("waitlist", "Waiting list"),
    ]
    kind = models.CharField(max_length=10, choices=KINDS)
    planned_infusion = models.ForeignKey(
        "scheduling.PlannedInfusion", models.PROTECT, null=True, blank=True, related_name="visits"
    )
    chair = models.ForeignKey("clinics.Chair", models.PROTECT, null=True, blank=True, related_name="visits")
    nurse = models.ForeignKey(
        "clinics.Membership", models.PROTECT, null=True, blank=True, related_name="visits"
    )
    title = models.CharField(max_length=100, blank=True, help_text="What a follow-up is for.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    phases = models.JSONField(
        default=list, help_text="[[phase, minutes, acuity], …] in order; sums to the visit's length."
    )
    handovers = models.JSONField(
        default=list,
        help_text="[[instant, nurse], …]: from that instant on another nurse has the patient.",
    )
    status = models.CharField(max_length=10, choices=STATUSES, default="booked")
    version = models.PositiveIntegerField(default=1)
    booked_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    objects: ClassVar = ClinicManager()
    across_clinics: ClassVar[models.Manager[Visit]] = models.Manager()

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="visit_ends_after_start"),
            models.CheckConstraint(
                condition=Q(kind="follow_up")
                | Q(chair__isnull=False, nurse__isnull=False, planned_infusion__isnull=False),
                name="infusion_has_chair_and_nurse",
            ),
            models.UniqueConstraint(
                fields=["planned_infusion"],
                condition=Q(status__in=STANDING),
                name="planned_infusion_booked_once",
            ),
            PostgresExclusion(
                name="visit_chair_no_overlap",
                expressions=[
                    (TstzRange("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                    ("chair", RangeOperators.EQUAL),
                ],
                condition=Q(status__in=STANDING, chair__isnull=False),
            ),
            PostgresExclusion(
                name="visit_patient_no_overlap",
                expressions=[
                    (TstzRange("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                    ("patient", RangeOperators.EQUAL),
                ],
                condition=Q(status__in=STANDING),
            ),
        ]
        indexes = [
            models.Index(fields=["clinic", "starts_at"]),
            models.Index(fields=["chair", "starts_at"]),
            models.Index(fields=["patient", "starts_at"]),
        ]


class VisitVersion(OfPatient):
    """What a visit was after each change. Appended in the change's own transaction; the database refuses
    edits.
    """

    CHANGES = [
        ("booked", "Booked"),
        ("moved", "Moved"),
        ("cancelled", "Cancelled"),
        ("status", "Status changed"),
    ]
    visit = models.ForeignKey(Visit, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    change = models.CharField(max_length=10, choices=CHANGES)
    # Visits booked, moved or cancelled in one stroke share a batch: one notice to the patient.
    batch = models.UUIDField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    chair_name = models.CharField(max_length=40, blank=True)
    # The places themselves, so that a change can be undone.
    chair = models.ForeignKey("clinics.Chair", models.PROTECT, null=True, blank=True, related_name="+")
    nurse = models.ForeignKey("clinics.Membership", models.PROTECT, null=True, blank=True, related_name="+")
    phases = models.JSONField(default=list)
    handovers = models.JSONField(default=list)
    status = models.CharField(max_length=10)
    reason = models.CharField(max_length=250, blank=True)
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    across_clinics = models.Manager()

    class Meta:
        ordering = ["visit_id", "version"]
        constraints = [models.UniqueConstraint(fields=["visit", "version"], name="visit_version_once")]
        indexes = [models.Index(fields=["at"])]


class RuleBreach(OfPatient):
    """A soft rule that was knowingly broken when a visit was booked or moved: which ones, why, and by whom."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="breaches")
    visit_version = models.PositiveIntegerField()
    codes = models.JSONField(default=list)
    words = models.JSONField(default=list, help_text="What each rule said, as it was shown.")
    reason = models.CharField(max_length=250)
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
