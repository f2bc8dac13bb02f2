"""Where, and who works there: clinic, hours, closures, chairs, people, shifts, tasks and the audit trail."""

from __future__ import annotations

from datetime import time
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import get_language
from phonenumber_field.modelfields import PhoneNumberField

from .domain.rights import Right, Role, may


class ClinicQuerySet(models.QuerySet):
    def of(self, clinic: Clinic | models.Expression) -> Self:
        """Only what belongs to the clinic: where every query begins."""
        return self.filter(clinic=clinic)

    def of_person(self, user: User | models.Expression) -> Self:
        """Only what is a person's own, wherever they work: where the staff's door begins."""
        return self.filter(user=user)


ClinicManager = models.Manager.from_queryset(ClinicQuerySet)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """Somebody who can sign in: staff (through a membership) or a patient or carer (through portal access)."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    # One address opens one door: a colleague who is also a patient uses a second address.
    door = models.CharField(
        max_length=10, choices=[("staff", "Staff"), ("portal", "Patients")], default="staff"
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email


def _known_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError("This time zone is not known. Write it like Europe/London.")


# A nurse's attention is counted in units; more than a handful per phase would make the count meaningless.
_UNITS = [MaxValueValidator(9)]


class Clinic(models.Model):
    """One clinic: everything else belongs to one. Minutes, days and units are settings, each with its default."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=150)
    time_zone = models.CharField(max_length=60, validators=[_known_zone])
    address = models.TextField(help_text="As patients should read it.")
    directions = models.TextField(blank=True, help_text="Where to park, which door, which floor.")
    directions_es = models.TextField(blank=True, help_text="The same in Spanish.")
    phone = PhoneNumberField()
    emergency_phone = models.CharField(max_length=30, default="112")
    email = models.EmailField(help_text="Mails to patients come from this address.")
    sender_name = models.CharField(
        max_length=60, blank=True, help_text="Sender of messages by mail; empty: the clinic's name."
    )
    country = models.CharField(max_length=2, blank=True, help_text="For public holidays, e.g. US.")
    region = models.CharField(max_length=30, blank=True)
    slot_minutes = models.PositiveSmallIntegerField(
        default=15,
        help_text="Spaces the times on offer.",
        choices=[(n, f"{n} minutes") for n in (5, 10, 15, 30)],
    )
    nurse_units = models.PositiveSmallIntegerField(
        default=4, help_text="Attention one nurse has in each slot."
    )
    nurse_starts_per_slot = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="Patients one nurse may start in each slot."
    )
    # What each phase of a visit asks of its nurse, and what a first infusion or one after a reaction asks on
    # top while the drug runs. Product defaults, unverified: a clinic sets its own.
    weight_set_up = models.PositiveSmallIntegerField(default=2, validators=_UNITS)
    weight_premedication = models.PositiveSmallIntegerField(default=1, validators=_UNITS)
    weight_titration = models.PositiveSmallIntegerField(default=2, validators=_UNITS)
    weight_steady = models.PositiveSmallIntegerField(default=1, validators=_UNITS)
    weight_observation = models.PositiveSmallIntegerField(default=1, validators=_UNITS)
    extra_first = models.PositiveSmallIntegerField(default=1, validators=_UNITS)
    extra_reaction = models.PositiveSmallIntegerField(default=1, validators=_UNITS)
    prep_per_hour = models.PositiveSmallIntegerField(
        default=0, help_text="Infusions the pharmacy can prepare in an hour; 0 means no limit."
    )
    hold_beyond_days = models.PositiveSmallIntegerField(
        default=60,
        help_text="Infusions due later than this are held as a window; nearer ones are booked.",
    )
    waitlist_hold_minutes = models.PositiveSmallIntegerField(
        default=120,
        validators=[MinValueValidator(5)],
        help_text="How long an earlier time stays on offer.",
    )
    waitlist_notice_hours = models.PositiveSmallIntegerField(
        default=24, help_text="Nobody is offered a time that begins sooner than this."
    )
    call_now_minutes = models.PositiveSmallIntegerField(
        default=15,
        validators=[MinValueValidator(5), MaxValueValidator(240)],
        help_text="A patient's report that says call now is escalated after so many working minutes unread.",
    )
    learn_lengths_after = models.PositiveSmallIntegerField(
        default=5,
        validators=[MaxValueValidator(100)],
        help_text="Visits of one kind before their usual length counts for new bookings; 0: never.",
    )
    clearance_days = models.PositiveSmallIntegerField(
        default=365,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text="How long a prescriber's clearance stands unless they choose less.",
    )
    reminder_days = models.JSONField(default=list, blank=True, help_text="Days before a visit, e.g. [7, 2].")
    notice_delay_seconds = models.PositiveIntegerField(
        default=120, help_text="A notice of a change leaves this long after the last change."
    )
    arrange_days_before = models.PositiveSmallIntegerField(default=14)
    # Wall-clock times between which no message leaves that can wait; the same time twice means there are none.
    quiet_from = models.TimeField(default=time(20))
    quiet_until = models.TimeField(default=time(8))
    portal_moves = models.CharField(
        max_length=4,
        choices=[("ask", "They ask, and staff decide"), ("book", "They move it themselves")],
        default="ask",
        help_text="What patients may do with a visit on their own pages.",
    )
    portal_notice_hours = models.PositiveSmallIntegerField(
        default=48,
        validators=[MaxValueValidator(336)],
        help_text="Nearer to the visit than this, staff decide in any case.",
    )
    education_approved_version = models.CharField(max_length=40, blank=True)
    education_approved_on = models.DateField(null=True, blank=True)
    education_approved_by = models.ForeignKey(
        "clinics.User", models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return self.name

    @property
    def spoken_directions(self) -> str:
        """The directions in the language that is spoken now, as they stand where nobody has translated them."""
        spanish = (get_language() or "").startswith("es")
        return (self.directions_es if spanish else "") or self.directions

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class OpeningHours(models.Model):
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(help_text="0 is Monday.", validators=[MaxValueValidator(6)])
    opens = models.TimeField()
    closes = models.TimeField()
    objects = ClinicManager()

    class Meta:
        ordering = ["weekday"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "weekday"], name="opening_once_a_weekday"),
            models.CheckConstraint(condition=Q(closes__gt=F("opens")), name="opening_closes_after_opens"),
        ]


class Closure(models.Model):
    """Days on which the clinic is shut, first to last inclusive; with ``since`` only from that wall-clock time on."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="closures")
    first_day = models.DateField()
    last_day = models.DateField()
    since = models.TimeField(null=True, blank=True, help_text="Shut from this time on; empty: all day.")
    reason = models.CharField(max_length=150)
    objects = ClinicManager()

    class Meta:
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="closure_ends_after_start")
        ]


class Chair(models.Model):
    KINDS = [("chair", "Chair"), ("bed", "Bed"), ("isolation", "Isolation room")]

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="chairs")
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=KINDS, default="chair")
    in_service = models.BooleanField(default=True)
    objects = ClinicManager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["clinic", "name"], name="chair_name_once_a_clinic")]

    def __str__(self) -> str:
        return self.name


class ChairOutage(models.Model):
    """Days on which a chair is out of service, first to last inclusive; without a last day until further notice."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="chair_outages")
    chair = models.ForeignKey(Chair, models.CASCADE, related_name="outages")
    first_day = models.DateField()
    last_day = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=150, blank=True)
    objects = ClinicManager()

    class Meta:
        ordering = ["first_day", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__isnull=True) | Q(last_day__gte=F("first_day")),
                name="outage_ends_after_start",
            )
        ]


class Membership(models.Model):
    """A person's role in a clinic; what they may do follows from it."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, role.value.capitalize()) for role in Role])
    is_active = models.BooleanField(default=True)
    wants_digest = models.BooleanField(
        null=True, blank=True, help_text="The morning mail. Not said: managers get it."
    )
    objects = ClinicManager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["clinic", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"

    def may(self, right: Right) -> bool:
        return self.is_active and may(self.role, right)

    @property
    def gets_digest(self) -> bool:
        """Whether the morning mail goes to this colleague: as they said, else to managers alone."""
        return self.role == Role.MANAGER if self.wants_digest is None else self.wants_digest


class Shift(models.Model):
    """A nurse's weekly shift in wall-clock time, standing from ``valid_from`` until ``valid_until`` inclusive."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="shifts")
    member = models.ForeignKey(Membership, models.CASCADE, related_name="shifts")
    weekday = models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)])
    starts = models.TimeField()
    ends = models.TimeField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    objects = ClinicManager()

    class Meta:
        ordering = ["member_id", "weekday"]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="shift_ends_after_start")
        ]


class ShiftBreak(models.Model):
    """A break inside a shift, in wall-clock time: the nurse has no attention to give then."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="shift_breaks")
    shift = models.ForeignKey(Shift, models.CASCADE, related_name="breaks")
    starts = models.TimeField()
    ends = models.TimeField()
    objects = ClinicManager()

    class Meta:
        ordering = ["shift_id", "starts"]
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="break_ends_after_start")
        ]


class Absence(models.Model):
    """Days a member of staff is away, first to last inclusive."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="absences")
    member = models.ForeignKey(Membership, models.CASCADE, related_name="absences")
    first_day = models.DateField()
    last_day = models.DateField()
    reason = models.CharField(max_length=150, blank=True)
    objects = ClinicManager()

    class Meta:
        ordering = ["first_day"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="absence_ends_after_start")
        ]


class StaffTask(models.Model):
    """Something a person must do. Names its patient by record number, so that any room can write one."""

    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="tasks")
    kind = models.CharField(max_length=40)
    role = models.CharField(max_length=20, choices=[(role.value, role.value.capitalize()) for role in Role])
    due_on = models.DateField()
    reason = models.TextField()
    record_number = models.CharField(max_length=40, blank=True)
    # The same cause opens one task, however often it is noticed.
    cause = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    outcome = models.TextField(blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    objects = ClinicManager()

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [models.UniqueConstraint(fields=["clinic", "cause"], name="task_once_a_cause")]
        indexes = [models.Index(fields=["clinic", "closed_at", "due_on"])]


class AuditEntry(models.Model):
    """Who saw or changed what, when. The database refuses to change or delete a row."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    # Kept as text beside the reference, so that a row reads the same for ever.
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=254)
    verb = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40, blank=True)
    record_number = models.CharField(max_length=40, blank=True)
    changes = models.JSONField(default=dict)
    objects = ClinicManager()
    across_clinics: ClassVar[models.Manager[AuditEntry]] = models.Manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["clinic", "record_number", "-id"])]


class AuditSeal(models.Model):
    """One link of the chain: an entry's place and the digest over it and all before it."""

    entry = models.OneToOneField(AuditEntry, models.PROTECT, related_name="seal")
    position = models.PositiveBigIntegerField(unique=True)
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
