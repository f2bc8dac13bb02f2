"""A clinic in March 2031, its desk, and patients who wait for an earlier time."""

import pytest

from clinics.domain.rights import Role
from tests.factory import make_clinic, make_member


@pytest.fixture
def clinic():
    return make_clinic(chairs=2, nurses=3)


@pytest.fixture
def desk(clinic):
    return make_member(clinic, Role.RECEPTIONIST).user
