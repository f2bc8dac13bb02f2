"""Patients who wait for an earlier time, the times offered to them, and the chairs kept while an offer is open."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from clinics.models import ClinicManager
from patients.models import OfPatient


class ChairHold(models.Model):
    """A chair and a nurse kept for a while, so that a time on offer is not sold meanwhile.

    It counts as taken until ``expires_at`` or until it is released. The bookings' own locks protect it; the walls
    around visits do not know it.
    """

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="chair_holds")
    chair = models.ForeignKey("clinics.Chair", models.PROTECT, related_name="holds")
    nurse = models.ForeignKey("clinics.Membership", models.PROTECT, related_name="holds")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    phases = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    objects = ClinicManager()

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="chair_hold_ends_after_start"
            )
        ]
        indexes = [models.Index(fields=["clinic", "expires_at"])]


class WaitlistEntry(OfPatient):
    """A patient who would come earlier for one planned infusion."""

    STATES = [
        ("waiting", "Waiting"),
        ("moved", "Came earlier"),
        ("withdrawn", "Withdrawn"),
        ("over", "Over"),
    ]
    planned_infusion = models.ForeignKey(
        "scheduling.PlannedInfusion", models.PROTECT, related_name="waitlist_entries"
    )
    from_on = models.DateField(null=True, blank=True, help_text="Not before this day.")
    note = models.CharField(max_length=250, blank=True)
    state = models.CharField(max_length=10, choices=STATES, default="waiting")
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["planned_infusion"], condition=Q(state="waiting"), name="waits_once_for_an_infusion"
            )
        ]


class WaitlistOffer(OfPatient):
    """An earlier time offered to a patient who waits. The first to accept gets it; the rest are told.

    ``rank`` is the place in the order in which the time was offered (1 is first).
    """

    STATES = [
        ("open", "Open"),
        ("accepted", "Accepted"),
        ("declined", "Declined"),
        ("gone", "Taken by somebody else"),
        ("lapsed", "Not answered in time"),
    ]
    entry = models.ForeignKey(WaitlistEntry, models.PROTECT, related_name="offers")
    hold = models.ForeignKey(ChairHold, models.PROTECT, related_name="offers")
    rank = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=STATES, default="open")
    offered_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    across_clinics = models.Manager()

    class Meta:
        ordering = ["-offered_at", "rank"]
        constraints = [models.UniqueConstraint(fields=["entry", "hold"], name="offered_once_to_an_entry")]
        indexes = [models.Index(fields=["clinic", "state", "expires_at"])]
