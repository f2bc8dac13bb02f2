"""A clinic on a Monday morning, its manager at the desk, and one visit the Monday after."""

import pytest
import time_machine

from tests.factory import make_clinic, make_member, make_patient, make_visit, sign_in

from .arranged import DRIP, NINE, NOW


@pytest.fixture(autouse=True)
def on_the_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return make_clinic(chairs=3)


@pytest.fixture
def desk(client, clinic):
    return sign_in(client, make_member(clinic, "manager"))


@pytest.fixture
def visit(clinic):
    return make_visit(make_patient(clinic), starts_at=NINE, phases=DRIP)


@pytest.fixture
def nurse(clinic):
    return clinic.memberships.filter(role="nurse").order_by("pk").first()
