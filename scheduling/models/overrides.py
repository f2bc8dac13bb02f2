"""A prescriber's override: the gate of one visit opened, for what stood in the way then."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from patients.models import OfPatient


class GateOverride(OfPatient):
    """The gate of one visit opened by a prescriber, with the reason, through a last day. Never edited, only withdrawn.

    It stands for its visit wherever that is moved, but opens nothing on a day after ``expires_on``, and nothing that
    has changed since: each of the ``requirements`` carries the token of the finding that the prescriber saw.
    """

    visit = models.ForeignKey("scheduling.Visit", models.PROTECT, related_name="overrides")
    requirements = models.JSONField(
        help_text="[{code, label, words, token}, …] as they stood when it was opened."
    )
    reason = models.CharField(max_length=250)
    by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    expires_on = models.DateField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_reason = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="gate_override_has_a_reason"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_reason="")),
                name="gate_override_withdrawn_whole",
            ),
        ]
        indexes = [models.Index(fields=["clinic", "-at"])]
