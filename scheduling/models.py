"""What is planned: courses, planned infusions with their windows, visits and every version of them."""

from __future__ import annotations

from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from patients.models import OfPatient

from .constraints import PostgresExclusion

STANDING = ("pending", "booked", "arrived", "fulfilled")


class TstzRange(Func):
    function = "TSTZRANGE"


class Course(OfPatient):
    """One course of treatment. The database keeps at most one active course for a patient."""

    STATES = [("active", "Active"), ("stopped", "Stopped"), ("completed", "Completed")]
    diagnosis = models.ForeignKey("patients.Diagnosis", models.PROTECT, related_name="courses")
    regimen_version = models.ForeignKey("regimens.RegimenVersion", models.PROTECT, related_name="courses")
    clearance = models.ForeignKey("evaluation.Clearance", models.PROTECT, related_name="courses")
    prescribed_by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")
    prescribed_at = models.DateTimeField()
    start_on = models.DateField(help_text="The first infusion's date: planned until given, then as given.")
    state = models.CharField(max_length=10, choices=STATES, default="active")
    ended_reason = models.CharField(max_length=250, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-prescribed_at"]
        constraints = [
            models.UniqueConstraint(fields=["patient"], condition=Q(state="active"), name="one_active_course")
        ]


class PlannedInfusion(OfPatient):
    """One dose of a course: its target date, its window, and the day it is planned for inside the window."""

    STATES = [
        ("planned", "Planned"),
        ("given", "Given"),
        ("omitted", "Omitted"),
        ("cancelled", "Cancelled"),
    ]
    course = models.ForeignKey(Course, models.PROTECT, related_name="planned_infusions")
    ordinal = models.PositiveSmallIntegerField(help_text="Counts from 1 through induction and maintenance.")
    phase = models.CharField(
        max_length=12, choices=[("induction", "Induction"), ("maintenance", "Maintenance")]
    )
    dose_mg = models.DecimalField(max_digits=7, decimal_places=2)
    target_on = models.DateField()
    earliest_on = models.DateField()
    latest_on = models.DateField()
    planned_on = models.DateField()
    moved_reason = models.CharField(max_length=250, blank=True)
    concern = models.CharField(max_length=250, blank=True, help_text="What the prescriber must decide.")
    state = models.CharField(max_length=10, choices=STATES, default="planned")
    given_on = models.DateField(null=True, blank=True)
    reaction_grade = models.PositiveSmallIntegerField(
        default=0, help_text="CTCAE grade 1-4 as given, 0 for none."
    )

    class Meta:
        ordering = ["course_id", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["course", "ordinal"], name="planned_infusion_once"),
            models.CheckConstraint(
                condition=Q(earliest_on__lte=F("latest_on")), name="window_opens_before_it_closes"
            ),
        ]


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
        PlannedInfusion, models.PROTECT, null=True, blank=True, related_name="visits"
    )
    chair = models.ForeignKey("clinics.Chair", models.PROTECT, null=True, blank=True, related_name="visits")
    nurse = models.ForeignKey(
        "clinics.Membership", models.PROTECT, null=True, blank=True, related_name="visits"
    )
    title = models.CharField(max_length=100, blank=True, help_text="What a follow-up is for.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    phases = models.JSONField(
        default=list, help_text="[[phase, minutes], …] in order; sums to the visit's length."
    )
    status = models.CharField(max_length=10, choices=STATUSES, default="booked")
    version = models.PositiveIntegerField(default=1)
    booked_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")

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
    status = models.CharField(max_length=10)
    reason = models.CharField(max_length=250, blank=True)
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    across_clinics = models.Manager()

    class Meta:
        ordering = ["visit_id", "version"]
        constraints = [models.UniqueConstraint(fields=["visit", "version"], name="visit_version_once")]
        indexes = [models.Index(fields=["at"])]
