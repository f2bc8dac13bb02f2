"""Pages that list the engine's work cost the same however long the list is."""

from datetime import date

import pytest
from django.urls import reverse

from clinics.models import Closure
from scheduling.queries.waiting import who_waits
from tests import factory
from tests.database.waiting.arranged import a_freed_time, a_patient, offered, waits

pytestmark = pytest.mark.django_db
SIZES = (2, 6)


@pytest.fixture
def clinic():
    return factory.make_clinic(chairs=6, nurses=6)


@pytest.fixture
def desk(client, clinic):
    return factory.sign_in(client, factory.make_member(clinic, "receptionist"))


def counted(desk, address, django_assert_max_num_queries):
    with django_assert_max_num_queries(60) as asked:
        page = desk.get(address)
    assert page.status_code == 200
    return page, len(asked)


def test_waiting_list_costs_the_same_however_many_wait(desk, clinic, django_assert_max_num_queries):
    colleague, address = factory.make_member(clinic).user, reverse("scheduling:waiting")
    desk.get(address)
    freed, seen = a_freed_time(clinic), []
    for many in SIZES:
        while len(who_waits(clinic)) < many:
            number = len(who_waits(clinic))
            waits(a_patient(clinic, 20, chair=number, nurse=number), by=colleague)
        page, cost = counted(desk, address, django_assert_max_num_queries)
        assert len(page.context["waiting"]) == many
        seen.append(cost)
    assert seen[0] == seen[1]
    offered(clinic, freed, [each.entry for each in who_waits(clinic)][:1], by=colleague)
    one = counted(desk, address, django_assert_max_num_queries)[1]
    assert one == seen[1]


def test_what_no_longer_fits_costs_the_same_however_much_it_is(desk, clinic, django_assert_max_num_queries):
    address, seen = reverse("desk:misfits"), []
    desk.get(address)
    day = date(2031, 3, 20)
    Closure.objects.create(clinic=clinic, first_day=day, last_day=day, reason="building")
    for many in SIZES:
        for number in range(len(seen) and SIZES[0], many):
            a_patient(clinic, 20, chair=number, nurse=number)
        page, cost = counted(desk, address, django_assert_max_num_queries)
        assert len(page.context["faults"]) == many
        seen.append(cost)
    assert seen[0] == seen[1]
