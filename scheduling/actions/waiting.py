"""The waiting list: joining and leaving it, offering a freed time, and answering an offer.

Whoever accepts first gets the time. Locks are taken in one order everywhere: the hold, the course, the chair and the
nurse (as booking does), then entries and offers.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import transaction

from clinics.actions import record
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.models import Clinic, User
from scheduling.domain.booking import Seat, just_taken, person_refusal
from scheduling.domain.capacity import DayCapacity, Fit, total_minutes
from scheduling.domain.waiting import ANSWERED, GONE, LAPSED, NOT_EARLIER, Freed, combined, nurses_for
from scheduling.models import ChairHold, PlannedInfusion, Visit, WaitlistEntry, WaitlistOffer
from scheduling.queries import nurse_rules, read_days, read_plan
from scheduling.queries.waiting import (
    Answer,
    answers,
    is_open,
    read_waiting,
    standing_hold,
    visit_of,
)

from .booking import book_single, move_visit
from .transactions import lock_course, lock_places, whole

REASON = "Accepted an earlier time from the waiting list"
NOBODY = Refusal("nobody_chosen", "Choose at least one patient to offer this time to.")
NOT_FITTING = Refusal(
    "no_longer_fits", "This time no longer fits for all whom you chose. Look at the list again."
)
NO_NURSE = Refusal(
    "no_nurse_for_all", "No nurse could take any one of so many different visits. Offer it to fewer at once."
)


def join(
    *, planned: PlannedInfusion, by: User | None, now: datetime, from_on: date | None = None, note: str = ""
) -> WaitlistEntry:
    """Put a patient on the list for an earlier time of one infusion, not before ``from_on``. Who waits already goes on
    waiting, with what is said now.

    Refused after death, where the infusion is no longer planned, and where its visit has begun.
    """

    def attempt() -> WaitlistEntry:
        course = lock_course(planned.course)
        row = PlannedInfusion.objects.of(course.clinic).get(pk=planned.pk)
        visit = Visit.objects.of(course.clinic).filter(
            planned_infusion=row, status__in=("arrived", "fulfilled")
        )
        refusal = person_refusal(
            deceased=course.patient.deceased, years=course.patient.age_on(local_date(now, course.clinic.zone))
        )
        if refusal is None and (row.state != "planned" or course.state != "active"):
            refusal = Refusal("not_planned", "This infusion is no longer planned. Look at the course again.")
        if refusal is None and visit.exists():
            refusal = Refusal("not_movable", "This visit has begun already.")
        if refusal is not None:
            raise Refused(refusal)
        rows = WaitlistEntry.objects.of(course.clinic).filter(planned_infusion=row, state="waiting")
        found = rows.first()
        if found is not None and (found.from_on, found.note) == (from_on, note):
            return found
        if found is not None:
            before = {"from_on": [str(found.from_on), str(from_on)], "note": [found.note, note]}
            found.from_on, found.note = from_on, note
            found.save(update_fields=["from_on", "note"])
            _noted(found, "changed waiting list entry", by, before)
            return found
        found = WaitlistEntry.objects.create(
            clinic=course.clinic,
            patient=course.patient,
            planned_infusion=row,
            from_on=from_on,
            note=note,
            by=by,
            at=now,
        )
        _noted(found, "joined waiting list", by, {"infusion": [None, row.ordinal]})
        return found

    return whole(attempt)


def leave(*, entry: WaitlistEntry, by: User | None, now: datetime) -> WaitlistEntry:
    """Take a patient off the list; what is on offer to them counts as declined. Who has left already is left alone."""

    def attempt() -> WaitlistEntry:
        open_here = WaitlistOffer.objects.of(entry.clinic).filter(entry=entry, state="open")
        holds = _held_holds(entry.clinic, open_here.values_list("hold_id", flat=True))
        row = WaitlistEntry.objects.of(entry.clinic).select_for_update(no_key=True).get(pk=entry.pk)
        if row.state != "waiting":
            return row
        for offer in open_here:
            _answer(offer, "declined", by, now)
        row.state, row.ended_at = "withdrawn", now
        row.save(update_fields=["state", "ended_at"])
        _noted(row, "left waiting list", by, {"state": ["waiting", "withdrawn"]})
        for hold in holds:
            _release_if_unwanted(hold, now)
        return row

    return whole(attempt)


def offer_time(
    *,
    clinic: Clinic,
    freed: Freed,
    entries: Collection[int],
    by: User | None,
    now: datetime,
) -> list[WaitlistOffer]:
    """Offer a freed time to those who wait and were chosen (keys of their entries), and keep it for them meanwhile.

    The chair and a nurse who could take any one of them are held until the clinic's setting runs out or the time
    begins. The ranks are those of the stated order. The same time offered to the same patients twice is one offer.
    Refused where the time is no longer free, where one of the chosen no longer fits, and where no nurse could take
    every one of them.
    """
    if not entries:
        raise Refused(NOBODY)
    guess, _ = _judged(clinic, freed, entries, now=now)
    done = _offered_already(clinic, freed, entries, now=now)
    if done:
        return done
    if not guess:
        raise Refused(_why_not(clinic, freed, entries, now=now))

    def attempt() -> list[WaitlistOffer]:
        lock_places(clinic, [freed.chair], [fit.nurse for fit in guess[:1]])
        rows = WaitlistEntry.objects.of(clinic).filter(pk__in=entries).order_by("pk")
        list(rows.select_for_update(no_key=True))
        done = _offered_already(clinic, freed, entries, now=now)
        if done:
            return done
        nurses, chosen = _judged(clinic, freed, entries, now=now)
        if len(chosen) != len(set(entries)):
            raise Refused(_why_not(clinic, freed, entries, now=now))
        if not nurses:
            raise Refused(NO_NURSE)
        if nurses[0].nurse != guess[0].nurse:
            raise Refused(just_taken())
        return _write_offers(clinic, freed, nurses[0], chosen, by=by, now=now)

    return whole(attempt)


def _judged(
    clinic: Clinic, freed: Freed, entries: Collection[int], *, now: datetime
) -> tuple[list[Fit], list[Answer]]:
    """The chosen who fit, in the stated order, and how the time fits each nurse who could take any one of them."""
    day = _day(clinic, freed, now)
    found = answers(read_waiting(clinic, now=now), freed, day, now=now)
    chosen = [each for each in found if each.fit is not None and each.waiting.entry.pk in entries]
    kept = combined([each.fit.waiter.phases for each in chosen if each.fit], nurse_rules(clinic))
    return (nurses_for(freed, kept, day) if kept else []), chosen


def _day(clinic: Clinic, freed: Freed, now: datetime, without: Collection[int] = ()) -> DayCapacity:
    day = local_date(freed.starts, clinic.zone)
    return read_days(clinic, [day], now=now, without=without)[day]


def _why_not(clinic: Clinic, freed: Freed, entries: Collection[int], *, now: datetime) -> Refusal:
    """The first reason against one of the chosen, with the patient's name."""
    for each in answers(read_waiting(clinic, now=now), freed, _day(clinic, freed, now), now=now):
        if each.against is not None and each.waiting.entry.pk in entries:
            reason = each.against.reasons[0]
            return Refusal(reason.code, f"{each.waiting.entry.patient}: {reason.message}")
    return NOT_FITTING


def _offered_already(
    clinic: Clinic, freed: Freed, entries: Collection[int], *, now: datetime
) -> list[WaitlistOffer]:
    """The open offers of this very time to these very patients, where this click was answered before."""
    hold = standing_hold(clinic, freed, now=now)
    if hold is None:
        return []
    found = list(WaitlistOffer.objects.of(clinic).filter(hold=hold, state="open").order_by("rank"))
    return found if {each.entry_id for each in found} == set(entries) else []


def _write_offers(
    clinic: Clinic, freed: Freed, fit: Fit, chosen: list[Answer], *, by: User | None, now: datetime
) -> list[WaitlistOffer]:
    plans = [each.fit.waiter.phases for each in chosen if each.fit]
    kept = combined(plans, nurse_rules(clinic))
    expires = min(now + timedelta(minutes=clinic.waitlist_hold_minutes), freed.starts)
    hold = ChairHold.objects.create(
        clinic=clinic,
        chair_id=freed.chair,
        nurse_id=fit.nurse,
        starts_at=freed.starts,
        ends_at=freed.starts + timedelta(minutes=total_minutes(kept)),
        phases=[[phase.name, phase.minutes, phase.acuity] for phase in kept],
        expires_at=expires,
    )
    offers = []
    for rank, each in enumerate(chosen, start=1):
        assert each.fit is not None
        offer = WaitlistOffer.objects.create(
            clinic=clinic,
            patient=each.waiting.entry.patient,
            entry=each.waiting.entry,
            hold=hold,
            rank=rank,
            starts_at=freed.starts,
            ends_at=each.fit.ends,
            offered_by=by,
            offered_at=now,
            expires_at=expires,
        )
        words = {"starts_at": [None, freed.starts.isoformat()], "open until": [None, expires.isoformat()]}
        _noted(offer, "offered earlier time", by, words)
        offers.append(offer)
    return offers


def accept(*, offer: WaitlistOffer, by: User | None, now: datetime) -> Visit:
    """Take an earlier time: the first to accept gets it. The hold is released and the visit moved (or booked) with all
    of booking's own checks, in one transaction; everybody else's offer of it is gone.

    The same offer accepted twice is one move, as long as the visit still stands there. Refused with time_gone where
    somebody was quicker, with offer_lapsed after its end, and for whatever booking refuses; the present visit then
    stays as it is.
    """
    return whole(lambda: _accepted(offer, by=by, now=now))


def _accepted(offer: WaitlistOffer, *, by: User | None, now: datetime) -> Visit:
    hold = _held_holds(offer.clinic, [offer.hold_id])[0]
    offer = (
        WaitlistOffer.objects.of(offer.clinic).select_related("entry", "patient", "clinic").get(pk=offer.pk)
    )
    entry = offer.entry
    if offer.state == "accepted":
        visit = visit_of(entry.planned_infusion)
        if visit is not None and visit.starts_at == offer.starts_at:
            return visit
    refusal = _cannot_accept(offer, entry, hold, now)
    if refusal is not None:
        raise Refused(refusal)
    course = lock_course(entry.planned_infusion.course)
    visit = visit_of(entry.planned_infusion)
    if visit is not None and visit.starts_at <= offer.starts_at:
        raise Refused(NOT_EARLIER)
    hold.released_at = now
    hold.save(update_fields=["released_at"])
    seat = _seat(hold, entry, visit, now)
    if visit is None:
        planned = entry.planned_infusion
        planned.course = course
        moved = book_single(planned=planned, seat=seat, by=by, now=now)
    else:
        moved = move_visit(visit=visit, seat=seat, version=visit.version, reason=REASON, by=by, now=now)
    _answer(offer, "accepted", by, now)
    entry.state, entry.ended_at = "moved", now
    entry.save(update_fields=["state", "ended_at"])
    _noted(entry, "came earlier from waiting list", by, {"state": ["waiting", "moved"]})
    for other in WaitlistOffer.objects.of(offer.clinic).filter(hold=hold, state="open"):
        _answer(other, "gone", None, now)
    return moved


def _cannot_accept(
    offer: WaitlistOffer, entry: WaitlistEntry, hold: ChairHold, now: datetime
) -> Refusal | None:
    if offer.state == "gone":
        return GONE
    if offer.state == "lapsed" or (offer.state == "open" and not is_open(offer, now)):
        return LAPSED
    if offer.state != "open" or entry.state != "waiting":
        return ANSWERED
    return GONE if hold.released_at is not None else None


def _seat(hold: ChairHold, entry: WaitlistEntry, visit: Visit | None, now: datetime) -> Seat:
    """Where the patient will sit: the chair that was kept, with the nurse that was kept or, should that nurse have no
    attention left after all, with whoever has.
    """
    plan = read_plan(entry.planned_infusion.course)
    planned = plan.infusion(entry.planned_infusion.ordinal) or entry.planned_infusion
    freed = Freed(hold.starts_at, hold.chair_id)
    day = _day(entry.clinic, freed, now, without=[visit.pk] if visit else [])
    phases = plan.phases(planned, local_date(freed.starts, entry.clinic.zone))
    fits = nurses_for(freed, phases, day, wanted=hold.nurse_id)
    if fits:
        return Seat(freed.starts, fits[0].chair, fits[0].nurse, fits[0].handovers)
    return Seat(freed.starts, hold.chair_id, hold.nurse_id)


def decline(*, offer: WaitlistOffer, by: User | None, now: datetime) -> WaitlistOffer:
    """Say no to an offer; the patient goes on waiting and is not offered this time again. Once the last of those it
    was offered to has said no, the chair is free. Refused where it was accepted; answered otherwise, it is left alone.
    """

    def attempt() -> WaitlistOffer:
        hold = _held_holds(offer.clinic, [offer.hold_id])[0]
        row = WaitlistOffer.objects.of(offer.clinic).get(pk=offer.pk)
        if row.state == "accepted":
            raise Refused(ANSWERED)
        if row.state != "open":
            return row
        _answer(row, "declined" if is_open(row, now) else "lapsed", by, now)
        _release_if_unwanted(hold, now)
        return row

    return whole(attempt)


def lapse(*, now: datetime) -> int:
    """Close what has run out: holds are released and their offers lapse, and whoever waits for an infusion that is no
    longer planned waits no more. Returns how many offers lapsed. Any number of these may run at once, and none is
    needed: whatever has run out counts for nothing already.
    """
    return sum(_lapse_in(clinic, now) for clinic in Clinic.objects.order_by("pk"))


def _lapse_in(clinic: Clinic, now: datetime) -> int:
    ended = 0
    with transaction.atomic():
        holds = ChairHold.objects.of(clinic).filter(released_at__isnull=True, expires_at__lte=now)
        for hold in holds.order_by("pk").select_for_update(skip_locked=True, no_key=True):
            for offer in WaitlistOffer.objects.of(clinic).filter(hold=hold, state="open"):
                _answer(offer, "lapsed", None, now)
                ended += 1
            hold.released_at = now
            hold.save(update_fields=["released_at"])
    with transaction.atomic():
        over = WaitlistEntry.objects.of(clinic).filter(state="waiting")
        over = over.exclude(
            planned_infusion__state="planned",
            planned_infusion__course__state="active",
            patient__deceased=False,
        )
        for entry in over.order_by("pk").select_for_update(skip_locked=True, no_key=True, of=("self",)):
            entry.state, entry.ended_at = "over", now
            entry.save(update_fields=["state", "ended_at"])
            _noted(entry, "closed waiting list entry", None, {"state": ["waiting", "over"]})
    return ended


def _held_holds(clinic: Clinic, keys: Collection[int]) -> list[ChairHold]:
    """Holds in the order of their keys, locked until the transaction ends."""
    rows = ChairHold.objects.of(clinic).filter(pk__in=list(keys)).order_by("pk")
    return list(rows.select_for_update(no_key=True))


def _answer(offer: WaitlistOffer, state: str, by: User | None, now: datetime) -> None:
    before, offer.state, offer.answered_at = offer.state, state, now
    offer.save(update_fields=["state", "answered_at"])
    _noted(offer, f"{state} earlier time" if by else f"earlier time {state}", by, {"state": [before, state]})


def _release_if_unwanted(hold: ChairHold, now: datetime) -> None:
    """Free a chair that is on offer to nobody any more."""
    if hold.released_at is None and not hold.offers.filter(state="open").exists():
        hold.released_at = now
        hold.save(update_fields=["released_at"])


def _noted(
    subject: WaitlistEntry | WaitlistOffer, verb: str, by: User | None, changes: dict[str, list]
) -> None:
    record(
        clinic=subject.clinic,
        by=by,
        verb=verb,
        subject=subject,
        record_number=subject.patient.record_number,
        changes=changes,
    )
