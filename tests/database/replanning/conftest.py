"""A clinic at half past six on a Monday morning, and who is at its desk."""

from collections.abc import Iterator

import pytest
import time_machine

from clinics.domain.rights import Role
from clinics.models import Clinic, User
from tests.disrupted import NOW, a_clinic
from tests.factory import make_member


@pytest.fixture(autouse=True)
def in_the_morning() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def clinic() -> Clinic:
    return a_clinic(chairs=3, nurses=3)


@pytest.fixture
def desk(clinic: Clinic) -> User:
    return make_member(clinic, Role.RECEPTIONIST).user
