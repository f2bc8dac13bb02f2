"""A clinic, its desk and a course to book."""

import pytest

from clinics.domain.rights import Role
from tests.database.booking.arranged import a_course
from tests.factory import (
    make_clinic,
    make_member,
)


@pytest.fixture
def clinic():
    return make_clinic(chairs=2, nurses=2)


@pytest.fixture
def desk(clinic):
    return make_member(clinic, Role.RECEPTIONIST).user


@pytest.fixture
def course(clinic):
    return a_course(clinic)
