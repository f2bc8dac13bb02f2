"""The ledger: one row for each message owed, what became of it, and why."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from clinics.models import ClinicManager

from .domain.kinds import FOR_PATIENTS, KINDS, WAITLIST_OFFER, title
from .domain.wording import LONGEST, OwnWords


def mail_alone() -> list[str]:
    """By mail, unless a clinic settles something else."""
    return ["email"]


class KindRule(models.Model):
    """What a clinic has settled about one kind of message; without a row, or where it is empty, the catalogue holds."""

    clinic = models.ForeignKey("clinics.Clinic", models.CASCADE, related_name="kind_rules")
    kind = models.CharField(max_length=20, choices=[(kind.code, kind.title) for kind in KINDS])
    is_on = models.BooleanField(default=True)
    days_before = models.PositiveSmallIntegerField(null=True, blank=True)
    at = models.TimeField(null=True, blank=True, help_text="Wall-clock time of the clinic.")
    channels = models.JSONField(default=mail_alone, help_text="email, sms or both.")
    objects = ClinicManager()
    across_clinics: ClassVar[models.Manager[KindRule]] = models.Manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["clinic", "kind"], name="kind_rule_once")]


class Wording(models.Model):
    """A clinic's own words for one kind of message in one language. A row is never changed: the newest holds, and one
    without words goes back to the standard text.
    """

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=[(kind.code, kind.title) for kind in FOR_PATIENTS])
    language = models.CharField(max_length=10)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=LONGEST["subject"], blank=True)
    opening = models.TextField(blank=True)
    closing = models.TextField(blank=True)
    text_opening = models.TextField(blank=True)
    text_closing = models.TextField(blank=True)
    by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    objects = ClinicManager()
    across_clinics: ClassVar[models.Manager[Wording]] = models.Manager()

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "kind", "language", "version"], name="wording_once")
        ]

    @property
    def words(self) -> OwnWords:
        return OwnWords(self.subject, self.opening, self.closing, self.text_opening, self.text_closing)


MAY_GO_AGAIN = ("sent", "failed", "no_address")


LONGEST_SUBJECT = 200


class Message(models.Model):
    """One message to one recipient about one version of one subject. Unique, so that nothing is said twice.

    ``fence`` rises with every claim: a sender whose lease ran out can no longer mark the row.
    """

    STATES = [
        ("planned", "Planned"),
        ("sending", "Being sent"),
        ("sent", "Sent"),
        ("failed", "Failed"),
        ("superseded", "No longer true"),
        ("expired", "Too late to be of use"),
        ("no_address", "No address that works: staff will call"),
        ("unwanted", "The patient does without it"),
        ("not_needed", "Not needed"),
    ]
    CHANNELS = [("email", "Mail"), ("sms", "Text message"), ("task", "Task for staff")]
    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="+")
    # None for a message to a colleague.
    patient = models.ForeignKey(
        "patients.Patient",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="message_set",
        related_query_name="message",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    subject_kind = models.CharField(
        max_length=20, help_text="patient (a notice), visit, follow_up … or digest (to a colleague)."
    )
    subject_id = models.CharField(max_length=40)
    subject_version = models.PositiveIntegerField()
    # One of domain/kinds.py; reminders carry their days: reminder_7.
    kind = models.CharField(max_length=20)
    channel = models.CharField(max_length=10, choices=CHANNELS, default="email")
    recipient = models.CharField(max_length=254, blank=True)
    # 0 for the message that was owed; from 1 on what a colleague sent again: of which message, why, and who.
    copy = models.PositiveSmallIntegerField(default=0)
    copy_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="copies")
    reason = models.CharField(max_length=250, blank=True)
    asked_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    visit = models.ForeignKey(
        "scheduling.Visit", models.PROTECT, null=True, blank=True, related_name="messages"
    )
    # Each visit the message speaks of, with the version it tells: [[visit, version], …].
    covers = models.JSONField(default=list, blank=True)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=STATES, default="planned")
    why = models.CharField(max_length=250, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    # Set when the text goes to the mail server, taken back when the server refuses it: what stays was, or may have
    # been, delivered, so the patient counts as told.
    handed_over_at = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(max_length=200, unique=True)
    subject_line = models.CharField(max_length=LONGEST_SUBJECT, blank=True)
    body = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    objects = ClinicManager()
    across_clinics: ClassVar[models.Manager[Message]] = models.Manager()

    class Meta:
        ordering = ["-due_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "subject_kind",
                    "subject_id",
                    "subject_version",
                    "kind",
                    "channel",
                    "recipient",
                    "copy",
                ],
                name="message_once",
            )
        ]
        indexes = [
            models.Index(fields=["state", "next_attempt_at"]),
            # A clinic's whole ledger, newest first, and what of it is in one state.
            models.Index(fields=["clinic", "-due_at", "-id"]),
            models.Index(fields=["clinic", "state", "-due_at", "-id"]),
        ]

    @property
    def title(self) -> str:
        return title(self.kind)

    @property
    def is_hasty(self) -> bool:
        """Whether a letter would come too late: a time on offer is open for hours."""
        return self.kind == WAITLIST_OFFER

    @property
    def may_go_again(self) -> bool:
        """Whether a colleague may ask for it once more; whether it still stands is looked at then."""
        return bool(self.patient_id) and self.channel == "email" and self.state in MAY_GO_AGAIN

    @property
    def has_letter(self) -> bool:
        """Whether a person must bring these words, because no mail could."""
        return bool(self.body) and not self.is_hasty and self.state in ("failed", "no_address")
