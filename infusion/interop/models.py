"""An import between its preview and its end, and what came of it."""

from __future__ import annotations

from django.db import models

from clinics.models import ClinicManager


class ImportBatch(models.Model):
    """One import of one or more files. ``report`` is what the preview found, and after the import what was
    done.
    """

    STATES = [("preview", "Waiting for confirmation"), ("running", "Being imported"), ("done", "Imported")]
    SUBJECTS = [("patients", "Patients"), ("results", "Laboratory results")]
    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="+")
    subject = models.CharField(max_length=10, choices=SUBJECTS, default="patients")
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=STATES, default="preview")
    report = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    objects = ClinicManager()

    class Meta:
        ordering = ["-id"]


class ImportFile(models.Model):
    """An uploaded file, kept only until its import is confirmed, given up or a day old."""

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="+")
    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="files")
    name = models.CharField(max_length=200)
    content = models.BinaryField()
    objects = ClinicManager()

    class Meta:
        ordering = ["id"]
