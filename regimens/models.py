"""What may be given: versions of regimens as data, and who approved them."""

from __future__ import annotations

from django.db import models

from clinics.models import ClinicManager


class RegimenVersion(models.Model):
    """One version of a regimen in one clinic; never edited. ``definition`` is read by ``regimens.domain``."""

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="regimen_versions")
    code = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=150)
    definition = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    based_on = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="successors", help_text="Made from, here."
    )
    reason = models.CharField(max_length=250, blank=True, help_text="What changes, and why.")
    objects = ClinicManager()

    class Meta:
        ordering = ["code", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "code", "version"], name="regimen_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


class Approval(models.Model):
    """One professional's approval of a version; a prescriber's and a pharmacist's make it usable."""

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="+")
    regimen_version = models.ForeignKey(RegimenVersion, models.PROTECT, related_name="approvals")
    role = models.CharField(
        max_length=20, choices=[("prescriber", "Prescriber"), ("pharmacist", "Pharmacist")]
    )
    by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    objects = ClinicManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["regimen_version", "role"], name="approval_once_a_role"),
            models.UniqueConstraint(fields=["regimen_version", "by"], name="approval_by_two_people"),
        ]
