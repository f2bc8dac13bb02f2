"""How long infusions took in this clinic's chairs, and what is usual."""

from __future__ import annotations

from django.db import models

from clinics.models import ClinicManager
from patients.models import OfPatient


class ActualLength(OfPatient):
    """How long one infusion visit took, from the chair to the discharge, and what it is compared by."""

    TURNS = [("first", "First"), ("second", "Second"), ("later", "Later")]
    visit = models.OneToOneField("scheduling.Visit", models.PROTECT, related_name="actual_length")
    dose_mg = models.DecimalField(max_digits=7, decimal_places=2)
    turn = models.CharField(max_length=6, choices=TURNS)
    profile = models.CharField(max_length=40)
    minutes = models.PositiveSmallIntegerField()
    noted_at = models.DateTimeField()

    class Meta:
        ordering = ["-noted_at"]
        indexes = [models.Index(fields=["clinic", "dose_mg", "turn", "profile"])]


class UsualLength(models.Model):
    """The median of the clinic's actual lengths of one kind, kept so that a booking reads it in one question."""

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="usual_lengths")
    dose_mg = models.DecimalField(max_digits=7, decimal_places=2)
    turn = models.CharField(max_length=6, choices=ActualLength.TURNS)
    profile = models.CharField(max_length=40)
    minutes = models.PositiveSmallIntegerField()
    count = models.PositiveIntegerField()
    objects = ClinicManager()

    class Meta:
        ordering = ["dose_mg", "turn", "profile"]
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "dose_mg", "turn", "profile"], name="usual_length_once_a_kind"
            )
        ]
