"""What a prescriber asks a patient to hold before an infusion."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q

from patients.models import OfPatient


class HoldInstruction(OfPatient):
    """One medicine a patient does something about around each infusion of a course, in the prescriber's own words.

    Never edited: a changed one ends and the new one names it. ``key`` is that of the filled-in form: sent twice, it is
    one instruction. ``from_on`` and ``until_on`` are the days for one infusion, set by the query that asks for it.
    """

    course = models.ForeignKey("scheduling.Course", models.PROTECT, related_name="hold_instructions")
    medicine = models.CharField(max_length=100)
    words = models.CharField(max_length=500, help_text="What the patient does, as the patient reads it.")
    days_before = models.PositiveSmallIntegerField(null=True, blank=True)
    days_after = models.PositiveSmallIntegerField(null=True, blank=True)
    key = models.UUIDField()
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    entered_by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    from_on: date | None = None
    until_on: date | None = None

    class Meta:
        ordering = ["entered_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "key"], name="hold_instruction_form_once"),
            models.CheckConstraint(
                condition=~Q(medicine="") & ~Q(words=""), name="hold_instruction_says_something"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="hold_instruction_ended_whole",
            ),
        ]
