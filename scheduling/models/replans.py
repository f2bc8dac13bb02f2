"""Plans the optimiser was asked for: what it was asked, how far it is, what it answered, and what staff made of it."""

from __future__ import annotations

from django.db import models

from clinics.models import ClinicManager


class Replan(models.Model):
    """One question to the optimiser and its answer. Nothing changes in the schedule until staff apply it.

    ``params`` says what is asked (a nurse who is ill, a chair, hours that are lost); ``versions`` maps each visit
    the question knew to its version then; ``answer`` holds the moves proposed, each as a JSON object.
    """

    KINDS = [
        ("day", "Re-plan a day"),
        ("disruption", "Close a day or lose a nurse"),
        ("windows", "Plan reserved windows"),
    ]
    STATES = [
        ("waiting", "Waiting"),
        ("solving", "Solving"),
        ("done", "Ready"),
        ("stopped", "Stopped"),
        ("failed", "No plan found"),
        ("applied", "Applied"),
        ("discarded", "Discarded"),
    ]
    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="replans")
    kind = models.CharField(max_length=12, choices=KINDS)
    first_day = models.DateField()
    last_day = models.DateField()
    params = models.JSONField(default=dict)
    versions = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=STATES, default="waiting")
    progress = models.JSONField(default=dict, help_text="objective, bound, seconds: as last heard.")
    answer = models.JSONField(default=dict)
    stop_asked = models.BooleanField(default=False)
    asked_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    applied_at = models.DateTimeField(null=True, blank=True)
    batch = models.UUIDField(null=True, blank=True)
    objects = ClinicManager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["clinic", "first_day"])]
