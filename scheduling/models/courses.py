"""Courses, their planned infusions with windows, and what was decided about a single dose."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from patients.models import OfPatient


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
    held_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when its window is reserved, until it is booked."
    )
    held_minutes = models.PositiveSmallIntegerField(
        default=0, help_text="How long a visit the window is reserved for."
    )
    reaction_grade = models.PositiveSmallIntegerField(
        default=0, help_text="CTCAE grade 1-4 as given, 0 for none."
    )
    dose_per_m2 = models.DecimalField(
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Milligrams per square metre, where dose_mg is reckoned from weight and height.",
    )
    rate_profile = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="An optional rate profile that a prescriber chose for it, by its code.",
    )
    opens_with = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Ordinal of the first infusion of the pair or repeated course it belongs to, after the induction.",
    )

    across_clinics: ClassVar[models.Manager[PlannedInfusion]] = models.Manager()

    class Meta:
        ordering = ["course_id", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["course", "ordinal"], name="planned_infusion_once"),
            models.CheckConstraint(
                condition=Q(earliest_on__lte=F("latest_on")), name="window_opens_before_it_closes"
            ),
        ]
        # What is held near a day is asked with every booking; few rows are held at any time.
        indexes = [
            models.Index(
                fields=["clinic", "earliest_on"], condition=Q(held_at__isnull=False), name="held_windows"
            )
        ]

    @property
    def first_of_group(self) -> int:
        """The ordinal of the first infusion of the induction, pair or repeated course it belongs to; its own where it
        stands alone.
        """
        return self.opens_with or (1 if self.phase == "induction" else self.ordinal)


class Retreatment(OfPatient):
    """A retreatment on demand that a prescriber started in a course: from which infusion and day on, and why."""

    course = models.ForeignKey(Course, models.PROTECT, related_name="retreatments")
    ordinal = models.PositiveSmallIntegerField(help_text="Of its first infusion.")
    start_on = models.DateField()
    reason = models.CharField(max_length=250)
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["course_id", "ordinal"]
        constraints = [models.UniqueConstraint(fields=["course", "ordinal"], name="retreatment_once")]


class CoTherapyRecord(OfPatient):
    """Whether a medicine that belongs to the plan beside the infusions is taken, or why not. The newest row counts."""

    course = models.ForeignKey(Course, models.PROTECT, related_name="co_therapy_records")
    code = models.CharField(max_length=40, help_text="As the regimen names it.")
    is_taken = models.BooleanField()
    words = models.CharField(max_length=250, blank=True, help_text="The dose, or why it is not taken.")
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["course_id", "-at", "-id"]


class DoseDecision(OfPatient):
    """A prescriber's decision about one dose: deferred by days (with ``carries``: so is all that follows), omitted,
    or the last of the course (ceased: this dose and all that follow are not given). Undone, it counts no longer.
    """

    KINDS = [("defer", "Deferred"), ("omit", "Omitted"), ("cease", "Ceased")]
    course = models.ForeignKey(Course, models.PROTECT, related_name="decisions")
    ordinal = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=KINDS)
    days = models.SmallIntegerField(default=0, help_text="By how many days a deferred dose moves.")
    carries = models.BooleanField(default=False)
    reason = models.CharField(max_length=250)
    batch = models.UUIDField()
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["course_id", "at", "id"]


class ScheduleChange(OfPatient):
    """One change of a patient's schedule, however many visits it moved: what undoing it needs.

    ``batch`` is that of the visit versions it wrote; ``before`` holds what stood before and is not in a visit's
    versions (the course's start, held windows, states of planned infusions).
    """

    VERBS = [
        ("book", "Booked"),
        ("move", "Moved"),
        ("cancel", "Cancelled"),
        ("hold", "Held"),
        ("decide", "Decided"),
        ("replan", "Re-planned"),
    ]
    batch = models.UUIDField()
    course = models.ForeignKey(Course, models.PROTECT, null=True, blank=True, related_name="changes")
    verb = models.CharField(max_length=10, choices=VERBS)
    summary = models.CharField(max_length=250)
    before = models.JSONField(default=dict)
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "batch"], name="schedule_change_once_a_batch")
        ]
