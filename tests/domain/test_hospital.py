"""The bench's reading of CHT-I: small instances of a real hospital, solved and checked."""

from dataclasses import replace

import pytest

from bench.chti import offline
from bench.service import Need, Service, faults, online, read, total
from tests.programs import ROOT

FOLDER = ROOT / "bench" / "data" / "cht-i"
SMALL = sorted(FOLDER.glob("instance_15_*.json"))


def test_ten_instances_are_there_two_of_each_size():
    sizes = [path.stem.split("_")[1] for path in FOLDER.glob("instance_*.json")]
    assert {size: sizes.count(size) for size in sizes} == {"15": 2, "30": 2, "60": 2, "90": 2, "120": 2}


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_a_small_instance_is_proved_and_no_plan_breaks_a_rule(path):
    service = read(path)
    answer, plan = offline(service, 30, 30), online(service)
    assert (faults(service, answer["plan"]), faults(service, plan)) == ([], [])
    assert (answer["status"], answer["objective"]) == ("optimal", answer["bound"])
    assert answer["objective"] <= total(service, plan)


def clinic(**more):
    """One day of four slots, a nurse in each, one seat."""
    need = Need(after=0, sector="0", consultation=0, preparation=0, installation=1, treatment=1)
    found = Service(
        name="clinic",
        days=1,
        slots=4,
        multitasks=2,
        seats=2,
        nurses=((1, 1, 1, 1),),
        doctors={"0": ((1, 1, 1, 1),)},
        pharmacy=((True, True, True, True),),
        patients=((need,), (need,)),
    )
    return replace(found, **more)


def test_a_nurse_who_installs_watches_nobody():
    service = clinic()
    plan = {(0, 0): (0, 0, None), (1, 0): (0, 1, None)}
    assert faults(service, plan) == ["nurses (0, 1)"]
    assert offline(service, 10, 10)["objective"] == 2 + 4


def test_a_slot_without_nurses_lets_no_treatment_run():
    service = clinic(nurses=((1, 0, 1, 1),), patients=clinic().patients[:1])
    assert online(service) == {(0, 0): (0, 2, None)}


def test_the_preparation_follows_the_consultation_once_the_pharmacy_is_open():
    need = Need(after=0, sector="0", consultation=1, preparation=1, installation=1, treatment=0)
    service = clinic(patients=((need,),), pharmacy=((True, False, True, True),))
    assert online(service) == {(0, 0): (0, 3, 1)}
    assert faults(service, {(0, 0): (0, 2, 0)}) == ["patient 0: visit 0 begins before it is prepared"]
