"""Colleagues signed in, and a course to book."""

import pytest

from tests import factory
from tests.web.booking.arranged import monday


@pytest.fixture
def clinic():
    return factory.make_clinic(chairs=2, nurses=2)


@pytest.fixture
def desk(client, clinic):
    member = factory.make_member(clinic, "receptionist")
    client.member = member
    return factory.sign_in(client, member)


@pytest.fixture
def prescriber(client, clinic):
    member = factory.make_member(clinic, "prescriber")
    client.member = member
    return factory.sign_in(client, member)


@pytest.fixture
def course(clinic):
    return factory.make_course(factory.make_patient(clinic), start_on=monday())
