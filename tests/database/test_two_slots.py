"""Two slots raced for at one moment, and others booked beside them: nobody is refused for another slot's sake."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta

from scheduling.domain.booking import Seat
from scheduling.forms import offer_text
from scheduling.models import Visit
from tests import factory
from tests.database.test_race import monday, racers, request_for, run, seats, server, told, warm_up

__all__ = ["server"]
RACERS, ALONE = 30, 8


def lone_seats(clinic, number):
    """A pair of its own for each who books alone: a later Monday, in the chair and with the nurse of a raced slot."""
    chair = list(clinic.chairs.order_by("pk"))[number % 2].pk
    nurse = list(clinic.memberships.filter(role="nurse").order_by("pk"))[number % 2].pk
    days = (monday() + timedelta(days=1 + number // 2), monday() + timedelta(days=15 + number // 2))
    return offer_text(
        Seat(datetime.combine(day, time(9), tzinfo=clinic.zone).astimezone(UTC), chair, nurse) for day in days
    )


def test_two_slots_have_one_winner_each_and_nobody_beside_them_is_refused(server):
    port, log = server
    clinic = factory.make_clinic(chairs=2, nurses=2)
    entrants = racers(clinic, 2 * RACERS + ALONE)
    warm_up(port, *entrants[0])
    wanted = [seats(clinic, number % 2, number % 2) for number in range(2 * RACERS)]
    wanted += [lone_seats(clinic, number) for number in range(ALONE)]
    # Those who book alone stand among the racers.
    order = sorted(range(len(entrants)), key=lambda number: number * 7 % len(entrants))
    requests = [request_for(*entrants[number], wanted[number]) for number in order]
    # The answers of `run` come back program by program: every fourth request went to the same one.
    asked = [number for first in range(4) for number in order[first::4]]
    answers = dict(zip(asked, run(port, requests), strict=True))
    told(list(answers.values()), "two slots and eight beside them")
    for slot in (0, 1):
        racing = [answers[number] for number in range(slot, 2 * RACERS, 2)]
        assert Counter(answer[0] for answer in racing) == {302: 1, 409: RACERS - 1}, log.read_text()[-4000:]
        lost = [text for status, _, text in racing if status == 409]
        assert all(f"Someone just took this time: Chair {slot + 1}," in text for text in lost)
    alone = [answers[number] for number in range(2 * RACERS, 2 * RACERS + ALONE)]
    assert [answer[0] for answer in alone] == [302] * ALONE, [answer[2][-600:] for answer in alone]
    assert Visit.objects.count() == 2 * (2 + ALONE)
