"""A clinic with a nurse and a prescriber who can sign in, and a man whose evaluation is open."""

import pytest
from django.utils import timezone

from clinics.domain.rights import Role
from evaluation import actions
from tests.factory import make_clinic, make_diagnosis, make_member, make_patient


@pytest.fixture
def clinic():
    return make_clinic(chairs=1, nurses=0, time_zone="UTC")


@pytest.fixture
def patient(clinic):
    return make_patient(clinic, sex="male")


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE)


@pytest.fixture
def prescriber(clinic):
    return make_member(clinic, Role.PRESCRIBER)


@pytest.fixture
def evaluation(clinic, patient, nurse):
    return actions.open_evaluation(
        clinic=clinic, patient=patient, diagnosis=make_diagnosis(patient), by=nurse.user, now=timezone.now()
    )
