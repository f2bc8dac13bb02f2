"""What happened: the day's steps of one infusion visit and what was given."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from patients.models import OfPatient


class InfusionRecord(OfPatient):
    """One visit as it happened. Steps are stamped once; ``state`` says how far it came."""

    STATES = [
        ("arrived", "Arrived"),
        ("in_chair", "In chair"),
        ("done", "Done"),
    ]
    visit = models.OneToOneField("scheduling.Visit", models.PROTECT, related_name="record")
    state = models.CharField(max_length=10, choices=STATES)
    arrived_at = models.DateTimeField()
    in_chair_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    gate = models.JSONField(default=dict, help_text="The gate's verdict when treatment was started.")
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
