"""Evidence for tests, pure: everything good about a person, to be changed in one place at a time."""

from datetime import date
from typing import Any

from evaluation.domain.requirements import Purpose, Subject
from evaluation.domain.verdict import Evidence, Verdict, judge

DAY = date(2026, 11, 22)
MAN = Subject(date(1970, 5, 1), "male", condition="RA")
WOMAN = Subject(date(1990, 5, 1), "female", past_menopause="no", hysterectomy="no", condition="RA")

GOOD = {
    "das28_esr": "5.3",
    "sledai_2k": "11",
    "edss": "3.5",
    "ldh_ratio": "1.4",
    "bvas_wg": "6",
    "bvas_v3": "12",
    "pdai_activity": "28",
    "overall_health": "fit",
    "hbsag": "negative",
    "anti_hbc": "negative",
    "hcv": "negative",
    "hiv": "negative",
    "tb_history": "none",
    "chest_xray": "clear",
    "igra": "negative",
    "vzv_igg": "positive",
    "neutrophils": "4.2",
    "white_cells": "6.1",
    "haemoglobin": "13.2",
    "platelets": "240",
    "igg": "9.1",
    "iga": "1.8",
    "igm": "0.9",
    "alt": "24",
    "creatinine": "71",
    "pregnancy_test": "negative",
    "infection": "none",
    "hypersensitivity": "no",
    "pml_history": "no",
    "severely_immunocompromised": "no",
    "heart_failure": "none",
    "breastfeeding": "no",
    "contraception": "used",
    "live_vaccine": "none",
    "vaccination_review": "complete",
    "co_medication": "no_concerns",
    "consent": "signed",
    "information": "both",
    "talk": "held",
    "payer_authorisation": "granted",
    "drug_received": "received",
    "clearance": "signed",
}
# Good answers to what only another answer asks for.
ANSWERED = {
    "hbv_dna": "not_detected",
    "anti_hbs": "negative",
    "hbv_prophylaxis": "entecavir 2026-11-01",
    "hepatology": "agreed 2026-11-01",
    "igg_decision": "watch",
    "reaction_review": "treat",
}


def evidence(changes: dict[str, str | None] | None = None, observed_on: date = DAY) -> tuple[Evidence, ...]:
    """Everything good, with some kinds changed or left out."""
    values = GOOD | (changes or {})
    return tuple(Evidence(kind, value, observed_on) for kind, value in values.items() if value is not None)


def clearance(
    subject: Subject = MAN, changes: Any = None, on: date = DAY, observed_on: date = DAY, **more: Any
) -> Verdict:
    """May a clearance be signed on this evidence?"""
    return judge(subject, evidence(changes, observed_on), on=on, purpose=Purpose.CLEARANCE, **more)


def gate(
    subject: Subject = MAN, changes: Any = None, on: date = DAY, observed_on: date = DAY, **more: Any
) -> Verdict:
    """May an infusion be started on this evidence?"""
    return judge(subject, evidence(changes, observed_on), on=on, purpose=Purpose.GATE, **more)
