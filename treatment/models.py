"""What happened: the day's steps of one infusion visit, what was given, and the chart kept at the bedside."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from patients.models import OfPatient


class InfusionRecord(OfPatient):
    """One visit as it happened. Steps are stamped once; ``state`` says how far it came.

    From the chair to the discharge ``state`` follows from the chart; it is kept here so that a day is read at once.
    """

    STATES = [
        ("arrived", "Arrived"),
        ("in_chair", "In chair"),
        ("premedicating", "Premedication"),
        ("infusing", "Infusing"),
        ("observing", "Observation"),
        ("done", "Discharged"),
    ]
    visit = models.OneToOneField("scheduling.Visit", models.PROTECT, related_name="record")
    state = models.CharField(max_length=14, choices=STATES)
    arrived_at = models.DateTimeField()
    in_chair_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    gate = models.JSONField(default=dict, help_text="The gate's verdict when premedication was started.")
    dose_mg = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    product = models.CharField(max_length=100, blank=True)
    reaction_grade = models.PositiveSmallIntegerField(default=0)
    reaction_text = models.CharField(max_length=250, blank=True)
    started_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    completed_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-arrived_at"]
        constraints = [
            models.CheckConstraint(condition=Q(reaction_grade__lte=4), name="reaction_grade_0_to_4"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_at__isnull=False, in_chair_at__isnull=False),
                name="done_means_treated",
            ),
        ]


class ChartEntry(OfPatient):
    """One entry of an infusion's chart, as it was written. Appended only: the database refuses edits and deletions.

    ``key`` is given by the page that writes it, so that what is sent twice is written once. ``corrects`` names an
    earlier entry of the same chart, which stays as it was; ``reason`` then says why.
    """

    KINDS = [
        ("identity", "Identity"),
        ("weight", "Weight"),
        ("premedication", "Premedication started"),
        ("medicine", "Medicine given"),
        ("product", "Product"),
        ("rate", "Rate"),
        ("pause", "Pause"),
        ("stop", "Infusion ended"),
        ("vitals", "Vital signs"),
        ("reaction", "Reaction"),
        ("note", "Note"),
        ("discharge", "Discharge"),
    ]
    visit = models.ForeignKey("scheduling.Visit", models.PROTECT, related_name="chart_entries")
    kind = models.CharField(max_length=14, choices=KINDS)
    payload = models.JSONField(default=dict)
    happened_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    key = models.CharField(max_length=80)
    corrects = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="corrections")
    reason = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "key"], name="chart_entry_once_a_key"),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | ~Q(reason=""), name="chart_correction_has_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["visit", "id"])]
