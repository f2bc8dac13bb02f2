"""The words of a text message: short, neutral, without a link. Whoever sees the screen learns when, never what for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinics.models import Clinic
from patients.models import Patient
from patients.phones import readable
from scheduling.models import Visit, WaitlistOffer

from ..domain.due import Change
from ..domain.kinds import (
    ANSWER_READY,
    ARRANGE,
    BOOKED,
    CANCELLED,
    GATE_NEEDS,
    HEALTH_CHECK,
    LATE,
    MORNING_OF,
    MOVED,
    REQUEST_REFUSED,
    WAITLIST_GONE,
    WAITLIST_OFFER,
    WINDOW_OPEN,
    code_of,
)
from ..domain.wording import STANDARD, OwnWords
from .lines import Line, day_in_words, is_today, line_of, on_offer, one_line, supported
from .own import filled


def compose_text(
    kind: str,
    changes: Sequence[Change],
    visits: Mapping[int, Visit],
    clinic: Clinic,
    patient: Patient,
    earlier: WaitlistOffer | None = None,
    own: OwnWords = STANDARD,
    by_day: date | None = None,
    *,
    waits: bool = False,
    now: datetime,
) -> str:
    """The whole text in the patient's language: what the mail says, as short as can be, and whom to call. ``own`` are
    the clinic's words around it, ``waits`` says that the patient is not to set out before a call.
    """
    with translation.override(supported(patient.language)):
        lines = [line_of(change, visits[change.visit_id], clinic) for change in changes]
        around = filled(own, str(patient), clinic, lines)
        if by_day is not None:
            facts = [_("Please have a blood test by %(day)s.") % {"day": day_in_words(by_day)}]
        else:
            today = is_today(changes, clinic, now)
            facts = _said(LATE if kind == MORNING_OF and not today else kind, lines, clinic, earlier)
        if waits:
            facts.append(_("Wait for our call before you set out."))
        said = one_line(" ".join((around.text_opening, *facts, around.text_closing)))
        return _("%(said)s Questions? Call %(phone)s.") % {"said": said, "phone": readable(clinic.phone)}


def _said(kind: str, lines: Sequence[Line], clinic: Clinic, earlier: WaitlistOffer | None) -> list[str]:
    if earlier is not None and kind == WAITLIST_OFFER:
        offer = on_offer(earlier, clinic)
        when = {"date": offer.date, "time": offer.time, "until": offer.open_until}
        return [_("An earlier time is free: %(date)s, %(time)s. Call us before %(until)s to take it.") % when]
    code = code_of(kind)
    if code in UNTIMED:
        return [str(_(UNTIMED[code]))]
    found = []
    for line in lines:
        words = _(TIMED.get(code if code in (MORNING_OF, REQUEST_REFUSED) else line.verb, REMINDED))
        found.append(words % {"date": line.date, "time": line.time})
    return found


REMINDED = gettext_noop("Reminder: your appointment is on %(date)s at %(time)s.")
TIMED = {
    BOOKED: gettext_noop("Your appointment is on %(date)s at %(time)s."),
    MOVED: gettext_noop("Your appointment has a new time: %(date)s at %(time)s."),
    CANCELLED: gettext_noop("Your appointment on %(date)s at %(time)s is cancelled."),
    REQUEST_REFUSED: gettext_noop("We cannot change your appointment. It stays on %(date)s at %(time)s."),
    MORNING_OF: gettext_noop("Your appointment is today at %(time)s."),
}
UNTIMED = {
    ARRANGE: gettext_noop("Please choose a time for your next appointment."),
    WINDOW_OPEN: gettext_noop("Please choose a time for your next appointment."),
    WAITLIST_GONE: gettext_noop("The earlier time has gone. Your appointment stays as it was."),
    GATE_NEEDS: gettext_noop(
        "Something is still missing for your appointment. Please look at your own pages."
    ),
    HEALTH_CHECK: gettext_noop("Please answer a few questions before your appointment, on your own pages."),
    ANSWER_READY: gettext_noop("We have answered you. Please read it on your own pages."),
}
