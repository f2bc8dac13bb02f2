"""What patients answer to their visits, and what staff made of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from patients.models import OfPatient


class VisitAnswer(OfPatient):
    """One answer to one visit at one time. Appended; only what became of it is written later, once.

    It counts as long as the visit stands at ``starts_at``. ``key`` is that of the filled-in form: sent twice, it is
    one answer.
    """

    ANSWERS = [
        ("confirmed", "Comes"),
        ("cannot_come", "Cannot come"),
        ("other_time", "Asks for another time"),
    ]
    REASONS = [
        ("ill", "Is ill"),
        ("travel", "Is away"),
        ("work", "Work or family"),
        ("transport", "Cannot get there"),
        ("other", "Another reason"),
    ]
    STATES = [
        ("noted", "Noted"),
        ("done", "Done at once"),
        ("open", "Waits for an answer"),
        ("accepted", "Done by the clinic"),
        ("refused", "Not possible"),
        ("replaced", "Answered anew"),
    ]
    visit = models.ForeignKey("scheduling.Visit", models.PROTECT, related_name="answers")
    visit_version = models.PositiveIntegerField()
    starts_at = models.DateTimeField(help_text="When the visit stood as it was answered.")
    answer = models.CharField(max_length=12, choices=ANSWERS)
    reason = models.CharField(max_length=10, choices=REASONS, blank=True)
    wanted_at = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=300, blank=True)
    key = models.UUIDField()
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=STATES)
    reply = models.CharField(max_length=300, blank=True, help_text="As the patient reads it.")
    closed_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    across_clinics: ClassVar[models.Manager[VisitAnswer]] = models.Manager()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "key"], name="visit_answer_form_once"),
            models.UniqueConstraint(
                fields=["visit"], condition=Q(state="open"), name="visit_answer_one_open_request"
            ),
        ]
        indexes = [models.Index(fields=["clinic", "state"])]
