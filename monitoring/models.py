"""What follows: the follow-up visits that come of an infusion."""

from __future__ import annotations

from django.db import models

from patients.models import OfPatient


class FollowUp(OfPatient):
    """One follow-up due after one given infusion: derived from it, booked as a visit, closed by a person."""

    STATES = [("due", "Due"), ("done", "Done"), ("closed", "Closed without a visit")]
    planned_infusion = models.ForeignKey(
        "scheduling.PlannedInfusion", models.PROTECT, related_name="follow_ups"
    )
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=100)
    purpose = models.CharField(max_length=250)
    due_on = models.DateField()
    earliest_on = models.DateField()
    latest_on = models.DateField()
    visit = models.OneToOneField(
        "scheduling.Visit", models.PROTECT, null=True, blank=True, related_name="follow_up"
    )
    state = models.CharField(max_length=10, choices=STATES, default="due")
    outcome = models.CharField(max_length=250, blank=True)
    closed_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    across_clinics = models.Manager()

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [models.UniqueConstraint(fields=["planned_infusion", "kind"], name="follow_up_once")]
