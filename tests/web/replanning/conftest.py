"""A nurse at the desk at half past six on a Monday morning."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from clinics.models import Clinic
from tests import factory
from tests.disrupted import NOW, a_clinic


@pytest.fixture(autouse=True)
def in_the_morning() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def clinic() -> Clinic:
    return a_clinic(chairs=3, nurses=4)


@pytest.fixture
def desk(client: Client, clinic: Clinic) -> Client:
    client.member = factory.make_member(clinic, "nurse", name="Nora Quist")
    return factory.sign_in(client, client.member)
