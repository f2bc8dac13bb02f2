"""A clinic with a nurse and a prescriber, and a man whose evaluation is open."""

import pytest

from clinics.domain.rights import Role
from evaluation import actions
from tests.evaluating import NOW
from tests.factory import make_clinic, make_diagnosis, make_member, make_patient


@pytest.fixture
def clinic():
    return make_clinic(chairs=1, nurses=0, time_zone="UTC")


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE).user


@pytest.fixture
def prescriber(clinic):
    return make_member(clinic, Role.PRESCRIBER).user


@pytest.fixture
def patient(clinic):
    return make_patient(clinic, sex="male")


@pytest.fixture
def diagnosis(patient):
    return make_diagnosis(patient, "RA")


@pytest.fixture
def evaluation(clinic, patient, diagnosis, nurse):
    return actions.open_evaluation(clinic=clinic, patient=patient, diagnosis=diagnosis, by=nurse, now=NOW)
