"""What follows: the follow-up visits that come of an infusion, and what patients report after it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from patients.models import OfPatient


class FollowUp(OfPatient):
    """One follow-up due after one given infusion: derived from it, booked as a visit, closed by a person."""

    STATES = [("due", "Due"), ("done", "Done"), ("closed", "Closed without a visit")]
    DECISIONS = [
        ("continue", "Continue as planned"),
        ("extend", "Extend the interval"),
        ("stop", "Stop the treatment"),
    ]
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
    decision = models.CharField(max_length=10, choices=DECISIONS, blank=True)
    decision_reason = models.CharField(max_length=250, blank=True)
    decided_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    across_clinics = models.Manager()

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [models.UniqueConstraint(fields=["planned_infusion", "kind"], name="follow_up_once")]


class SideEffectReport(OfPatient):
    """What a patient or carer reported, and how the rules sorted it that day. Never changed; steps are added to it.

    ``reasons`` keeps the rules that fitted as they read then, each with its source. ``key`` names one filled-in form:
    sent twice it is one report.
    """

    URGENCIES = [("call_now", "Call now"), ("today", "Today"), ("next_visit", "At the next visit")]
    key = models.UUIDField()
    reported_by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")
    reported_at = models.DateTimeField()
    symptoms = models.JSONField(default=list)
    since = models.DateField(null=True, blank=True)
    temperature = models.DecimalField(max_digits=3, decimal_places=1, null=True, blank=True)
    words = models.TextField(blank=True, max_length=2000)
    urgency = models.CharField(max_length=10, choices=URGENCIES)
    is_emergency = models.BooleanField(default=False)
    is_infection = models.BooleanField(default=False)
    reasons = models.JSONField(default=list)

    class Meta:
        ordering = ["-reported_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["patient", "key"], name="side_effect_form_once")]
        indexes = [models.Index(fields=["clinic", "-reported_at"])]


class ReportStep(OfPatient):
    """What became of a report: read by a person, escalated because nobody read it, closed with an answer. Each once."""

    KINDS = [("read", "Read"), ("escalated", "Escalated"), ("closed", "Closed")]
    OUTCOMES = [
        ("advice", "Advice given"),
        ("seen", "Seen here, or asked to come"),
        ("referred", "Sent to another doctor or a hospital"),
        ("nothing", "Nothing to do"),
    ]
    report = models.ForeignKey(SideEffectReport, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=KINDS)
    at = models.DateTimeField()
    by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=OUTCOMES, blank=True)
    answer = models.TextField(blank=True, max_length=1000, help_text="What the patient reads.")
    note = models.CharField(max_length=500, blank=True, help_text="For the team only.")
    across_clinics = models.Manager()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["report", "kind"], name="report_step_once"),
            models.CheckConstraint(
                condition=~Q(kind="closed") | ~Q(answer="") & ~Q(outcome=""), name="report_closed_with_answer"
            ),
        ]


class WatchStep(OfPatient):
    """A laboratory check that a person closed with a reason, or opened again. The newest step of a rule counts, until
    another infusion is given.
    """

    KINDS = [("closed", "Closed"), ("reopened", "Opened again")]
    rule = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=KINDS)
    on = models.DateField()
    at = models.DateTimeField()
    reason = models.CharField(max_length=250)
    by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["patient", "rule"])]


class CheckVisit(OfPatient):
    """A visit booked for a laboratory check. It satisfies nothing by itself: the result does."""

    rule = models.CharField(max_length=40)
    visit = models.OneToOneField("scheduling.Visit", models.PROTECT, related_name="check_visit")

    class Meta:
        indexes = [models.Index(fields=["patient", "rule"])]


class HealthCheck(OfPatient):
    """What a patient or carer answered in the days before an infusion, and what the rules made of it. Never changed: a
    later one counts instead. ``reasons`` keeps the rules as they read then; ``key`` names one filled-in form.
    """

    OUTCOMES = [("hold", "On hold"), ("ask", "To be talked about"), ("clear", "Nothing reported")]
    visit = models.ForeignKey("scheduling.Visit", models.PROTECT, related_name="health_checks")
    key = models.UUIDField()
    answers = models.JSONField(help_text="{question: yes, no or unsure}")
    words = models.TextField(blank=True, max_length=1000)
    outcome = models.CharField(max_length=10, choices=OUTCOMES)
    is_infection = models.BooleanField(default=False)
    reasons = models.JSONField(default=list)
    by = models.ForeignKey("clinics.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(fields=["patient", "key"], name="health_check_form_once")]
        indexes = [models.Index(fields=["visit", "-at"])]
