"""Everybody to whom a time was offered accepts at the same moment: one is moved, the others are told, nobody meets an
error.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from threading import Barrier

import pytest
from django.core.management import call_command
from django.db import connection

from clinics.domain.refusals import Refused
from clinics.models import AuditEntry
from scheduling.actions import waiting
from scheduling.models import ChairHold, Visit, VisitVersion, WaitlistEntry, WaitlistOffer
from scheduling.tasks import lapse_offers
from tests.factory import make_clinic

from .arranged import NOW, a_freed_time, a_patient, at, offered, waits

pytestmark = pytest.mark.django_db(transaction=True)
RACERS = 8


def at_once(*actions):
    """What each action answered, all begun at the same moment: "done", or the codes of its refusal."""
    ready = Barrier(len(actions))

    def one(action):
        try:
            ready.wait()
            action()
            return "done"
        except Refused as refused:
            return refused.codes
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as racers:
        return list(racers.map(one, actions))


def an_offer(racers=RACERS):
    clinic = make_clinic(chairs=4, nurses=4)
    freed = a_freed_time(clinic)
    days = [17, 18, 19, 20]
    waiting_ones = [
        waits(a_patient(clinic, days[n % 4], chair=n // 4, nurse=n // 4, hour=9)) for n in range(racers)
    ]
    return offered(clinic, freed, waiting_ones)


def accepting(offer):
    return lambda: waiting.accept(offer=WaitlistOffer.objects.get(pk=offer.pk), by=None, now=NOW)


def test_one_of_all_who_accept_at_once_is_moved_and_the_rest_are_told():
    offers = an_offer()
    answers = at_once(*map(accepting, offers))
    assert Counter(answers) == {"done": 1, ("time_gone",): RACERS - 1}
    winner = offers[answers.index("done")]
    assert Counter(WaitlistOffer.objects.values_list("state", flat=True)) == {
        "accepted": 1,
        "gone": RACERS - 1,
    }
    assert [visit.patient for visit in Visit.objects.filter(status="booked", starts_at=at(11))] == [
        winner.patient
    ]
    assert VisitVersion.objects.filter(change="moved").count() == 1
    assert Counter(WaitlistEntry.objects.values_list("state", flat=True)) == {
        "moved": 1,
        "waiting": RACERS - 1,
    }
    assert AuditEntry.objects.filter(verb="moved visit").count() == 1


def test_same_offer_accepted_many_times_at_once_is_one_move():
    offers = an_offer(2)
    assert at_once(*[accepting(offers[0])] * RACERS) == ["done"] * RACERS
    assert VisitVersion.objects.filter(change="moved").count() == 1


def test_accepting_declining_leaving_and_the_job_at_once_end_in_one_story():
    offers = an_offer(4)
    entry = WaitlistEntry.objects.get(pk=offers[1].entry_id)
    late = offers[0].expires_at
    answers = at_once(
        accepting(offers[0]),
        lambda: waiting.leave(entry=entry, by=None, now=NOW),
        lambda: waiting.decline(offer=offers[2], by=None, now=NOW),
        accepting(offers[3]),
        lambda: waiting.lapse(now=late),
    )
    moved = Visit.objects.filter(status="booked", starts_at=at(11)).count()
    accepted = WaitlistOffer.objects.filter(state="accepted").count()
    assert moved == accepted == [answers[0], answers[3]].count("done")
    assert moved <= 1
    assert WaitlistOffer.objects.filter(state="open").count() == 0
    assert ChairHold.objects.get().released_at in (NOW, late)


def test_same_time_offered_at_two_desks_at_once_is_one_hold():
    clinic = make_clinic(chairs=2, nurses=2)
    freed, entry = a_freed_time(clinic), waits(a_patient(clinic, 20))
    answers = at_once(*[lambda: offered(clinic, freed, [entry])] * 4)
    assert answers == ["done"] * 4
    assert (ChairHold.objects.count(), WaitlistOffer.objects.count()) == (1, 1)


def test_two_times_offered_to_one_patient_at_once_leave_one_offer():
    clinic = make_clinic(chairs=2, nurses=2)
    times = a_freed_time(clinic, 11), a_freed_time(clinic, 12, chair=1, nurse=1)
    entry = waits(a_patient(clinic, 20))
    answers = at_once(*[lambda freed=freed: offered(clinic, freed, [entry]) for freed in times])
    assert sorted(answers, key=str) == [("offer_open",), "done"]
    assert WaitlistOffer.objects.count() == 1


def test_job_and_command_lapse_what_has_run_out():
    offers = an_offer(2)
    assert lapse_offers() == 0
    ChairHold.objects.update(expires_at=NOW.replace(year=2020))
    WaitlistOffer.objects.update(expires_at=NOW.replace(year=2020))
    assert lapse_offers() == len(offers)
    said = StringIO()
    call_command("lapse_offers", stdout=said)
    assert said.getvalue() == "lapsed: 0\n"
