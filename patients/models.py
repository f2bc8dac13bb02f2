"""Who: the person, diagnoses, allergies, medication, measurements, earlier infusions and the door to the portal."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from phonenumber_field.modelfields import PhoneNumberField

from clinics.models import ClinicManager

SEXES = [("female", "Female"), ("male", "Male"), ("other", "Other"), ("unknown", "Not recorded")]
CONDITIONS = [
    ("RA", "Rheumatoid arthritis"),
    ("SLE", "Systemic lupus erythematosus"),
    ("MS", "Multiple sclerosis"),
    ("AIHA", "Autoimmune haemolytic anaemia"),
    ("GPA", "Granulomatosis with polyangiitis"),
    ("MPA", "Microscopic polyangiitis"),
    ("PV", "Pemphigus vulgaris"),
]
YES_NO_UNKNOWN = [("yes", "Yes"), ("no", "No"), ("unknown", "Not recorded")]


class Patient(models.Model):
    """A person in a clinic's care. ``sex`` is the sex recorded for care; unknown asks, it never assumes."""

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="patients")
    record_number = models.CharField(max_length=40)
    given_name = models.CharField(max_length=150)
    family_name = models.CharField(max_length=150)
    birth_date = models.DateField()
    sex = models.CharField(max_length=10, choices=SEXES, default="unknown")
    past_menopause = models.CharField(max_length=10, choices=YES_NO_UNKNOWN, default="unknown")
    hysterectomy = models.CharField(max_length=10, choices=YES_NO_UNKNOWN, default="unknown")
    email = models.EmailField(blank=True)
    phone = PhoneNumberField(blank=True)
    address = models.TextField(blank=True, max_length=500)
    language = models.CharField(max_length=10, default="en")
    deceased = models.BooleanField(default=False)
    deceased_on = models.DateField(null=True, blank=True)
    source_id = models.CharField(
        max_length=100, blank=True, help_text="The record's name in the system it came from."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1)
    objects = ClinicManager()

    class Meta:
        ordering = ["family_name", "given_name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "record_number"], name="record_number_once_a_clinic"),
            models.CheckConstraint(
                condition=Q(deceased_on__isnull=True) | Q(deceased=True), name="death_date_means_deceased"
            ),
        ]
        indexes = [models.Index(fields=["clinic", "family_name", "given_name"])]

    def __str__(self) -> str:
        return f"{self.given_name} {self.family_name}"

    def age_on(self, day: date) -> int:
        """Completed years on a day."""
        before = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - before


class OfPatient(models.Model):
    """What belongs to a patient, and so to the patient's clinic."""

    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="+")
    patient = models.ForeignKey(
        Patient, models.PROTECT, related_name="%(class)s_set", related_query_name="%(class)s"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    objects = ClinicManager()

    class Meta:
        abstract = True


class Diagnosis(OfPatient):
    """One diagnosis. ``condition`` names one of the seven; empty for a comorbidity."""

    STATES = [
        ("confirmed", "Confirmed"),
        ("to_confirm", "Waiting for confirmation"),
        ("rejected", "Not this condition"),
        ("comorbidity", "Other condition"),
    ]
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="diagnoses")
    condition = models.CharField(max_length=5, choices=CONDITIONS, blank=True)
    state = models.CharField(max_length=12, choices=STATES)
    system = models.CharField(max_length=20, blank=True, help_text="snomed, icd10 or empty for plain words.")
    code = models.CharField(max_length=20, blank=True)
    text = models.CharField(max_length=250)
    recorded_on = models.DateField(null=True, blank=True)
    is_resolved = models.BooleanField(default=False, help_text="The source says it has gone.")
    confirmed_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "system", "code", "text"], name="diagnosis_once"),
            models.UniqueConstraint(
                fields=["patient", "condition"],
                condition=Q(state="confirmed"),
                name="confirmed_condition_once",
            ),
        ]

    def __str__(self) -> str:
        return self.get_condition_display() or self.text


class Allergy(OfPatient):
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="allergies")
    substance = models.CharField(max_length=250)
    code = models.CharField(max_length=20, blank=True)
    recorded_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["substance"]
        constraints = [models.UniqueConstraint(fields=["patient", "substance"], name="allergy_once")]


class Medication(OfPatient):
    text = models.CharField(max_length=250)
    code = models.CharField(max_length=20, blank=True)
    is_current = models.BooleanField(default=True)
    started_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["text"]
        constraints = [models.UniqueConstraint(fields=["patient", "text"], name="medication_once")]


class Vaccination(OfPatient):
    text = models.CharField(max_length=250)
    code = models.CharField(max_length=20, blank=True)
    given_on = models.DateField()

    class Meta:
        ordering = ["-given_on"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "text", "given_on"], name="vaccination_once")
        ]


class Measurement(OfPatient):
    """Weight in kilograms or height in centimetres."""

    KINDS = [("weight", "Weight (kg)"), ("height", "Height (cm)")]
    kind = models.CharField(max_length=10, choices=KINDS)
    value = models.DecimalField(max_digits=6, decimal_places=2)
    taken_on = models.DateField()

    class Meta:
        ordering = ["-taken_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "kind", "taken_on", "value"], name="measurement_once")
        ]


class EarlierInfusion(OfPatient):
    """An infusion given before this system kept the record, here or elsewhere. Grade is CTCAE 1-4, 0 for none."""

    given_on = models.DateField()
    product = models.CharField(max_length=100, blank=True)
    dose_mg = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    given_here = models.BooleanField(default=False)
    reaction_grade = models.PositiveSmallIntegerField(default=0)
    reaction_text = models.CharField(max_length=250, blank=True)
    recorded_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["given_on"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "given_on"], name="earlier_infusion_once_a_day"),
            models.CheckConstraint(condition=Q(reaction_grade__lte=4), name="earlier_reaction_grade_0_to_4"),
        ]


class Wishes(OfPatient):
    """What a patient asks of their times: weekdays (0 is Monday; none given means any), times of day, a place.

    A wish ranks the times on offer. A bed or an isolation room is a need: other places are not offered.
    """

    PLACES = [("", "Any place"), ("bed", "A bed"), ("isolation", "An isolation room")]
    weekdays = models.JSONField(default=list, blank=True)
    not_before = models.TimeField(null=True, blank=True)
    not_after = models.TimeField(null=True, blank=True, help_text="The visit should be over by then.")
    place = models.CharField(max_length=10, choices=PLACES, blank=True)
    notice_hours = models.PositiveSmallIntegerField(
        default=24, help_text="How long beforehand the patient must know of a new time."
    )
    note = models.CharField(max_length=250, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient"], name="wishes_once_a_patient")]


class MessageWishes(OfPatient):
    """Which messages a patient wants, and by which way. No row: all of them, as the clinic sends them."""

    CHANNELS = [("", "As the clinic does"), ("email", "E-mail"), ("sms", "Text message")]
    patient = models.OneToOneField(Patient, models.PROTECT, related_name="message_wishes")
    none = models.BooleanField(default=False, help_text="No messages at all: changes are told by telephone.")
    kinds_off = models.JSONField(default=list, blank=True)
    channel = models.CharField(max_length=5, choices=CHANNELS, blank=True)
    changed_at = models.DateTimeField()


class PortalAccess(OfPatient):
    """One person's way into one patient's pages: opened by an invitation, confirmed once by the birth date. A carer's
    leads nowhere before the carer has said yes (``accepted_at``).
    """

    user = models.ForeignKey("clinics.User", models.PROTECT, related_name="portal_accesses")
    invited_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, related_name="+")
    invited_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    failed_confirmations = models.PositiveSmallIntegerField(default=0)
    is_carer = models.BooleanField(default=False, db_default=False, help_text="Opened by the patient.")
    name = models.CharField(max_length=100, blank=True, default="", db_default="", help_text="The carer's.")
    accepted_at = models.DateTimeField(null=True, blank=True, help_text="When the carer said yes.")
    declined_at = models.DateTimeField(
        null=True, blank=True, help_text="When the carer said no, or stopped helping."
    )
    across_clinics: ClassVar[models.Manager[PortalAccess]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "user"], condition=Q(revoked_at__isnull=True), name="portal_access_once"
            )
        ]


class AddressProblem(OfPatient):
    """A mail address from which mail came back. It stands until the patient has another one, or a colleague says that
    it works; nothing is mailed there meanwhile.
    """

    address = models.EmailField(max_length=254)
    reason = models.CharField(max_length=250)
    noted_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.ForeignKey("clinics.User", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(cleared_at__isnull=True), name="address_problem_once"
            )
        ]


class FeedToken(OfPatient):
    """One calendar's way to a patient's appointments: an address that only its holder knows, with nothing else in it.

    The token has 256 random bits and is shown once; only its SHA-256 is kept. It ends when it is taken back, and with
    the access of whoever made it.
    """

    access = models.ForeignKey(PortalAccess, models.PROTECT, related_name="feeds")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    read_on = models.DateField(
        null=True, blank=True, help_text="The last day on which a calendar asked for it."
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    across_clinics: ClassVar[models.Manager[FeedToken]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["access"], condition=Q(revoked_at__isnull=True), name="feed_once_an_access"
            )
        ]
