"""The demo's people and what is known of them. All of them are invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invented:
    """One invented patient: name, birth date, sex recorded for care, condition; no address means staff call;
    the language to be written to in.
    """

    given: str
    family: str
    born: str
    sex: str
    condition: str
    has_email: bool = True
    language: str = "en"

    @property
    def email(self) -> str:
        letters = "".join(
            part for part in f"{self.given}.{self.family}".lower() if part.isascii() and part not in " '"
        )
        letters = letters.strip(".")
        return f"{letters}@example.org" if self.has_email else ""


STAFF = {
    "receptionist": "Rosa Lindqvist",
    "nurse": "Nadia Okonkwo",
    "prescriber": "Peter Abelard",
    "pharmacist": "Priya Raman",
    "manager": "Marta Kowal",
}
MORE_NURSES = ("Noel Fitzgerald", "Nina Takahashi")

REFERRED = (
    Invented("Ottilie", "Brandt", "1958-02-11", "female", "RA"),
    Invented("Kwame", "Mensah", "1990-07-30", "male", "MS"),
    Invented("Wilhelmina Alexandra", "van den Bergh-Featherstonehaugh", "1949-12-01", "female", "SLE"),
)
IN_EVALUATION = (
    Invented("Ines", "Carvalho", "1984-04-19", "female", "GPA"),
    Invented("Dmitri", "Volkov", "1971-09-03", "male", "AIHA"),
)
ON_HOLD = Invented("Farida", "Haddad", "1966-01-25", "female", "PV")
HEPATITIS = Invented("Gustav", "Lund", "1955-06-14", "male", "RA")
CLEARED = Invented("Ruth", "Abara", "1962-10-08", "female", "MPA")
TO_BOOK = (
    Invented("Sam", "O'Neil", "1979-03-22", "male", "RA"),
    Invented("李", "Wei", "1987-11-17", "female", "SLE"),
)
STARTING = (
    Invented("Ana", "Moreno", "1968-05-09", "female", "RA"),
    Invented("Tomasz", "Zielinski", "1981-08-27", "male", "GPA"),
    Invented("Bronagh", "Kelly", "1957-12-30", "female", "MS"),
)
TODAY = (
    Invented("Hilde", "Sørensen", "1952-03-03", "female", "RA"),
    Invented("Marcus", "Bell", "1974-01-16", "male", "MS"),
    Invented("Yusuf", "Demir", "1960-09-21", "male", "PV"),
    Invented("Clara", "Rossi", "1965-07-07", "female", "MPA", language="es"),
    Invented("Joao", "Pereira", "1977-02-28", "male", "SLE"),
)
LONG_IN_TREATMENT = (
    Invented("Edith", "Marlowe", "1947-04-04", "female", "RA"),
    Invented("Pavel", "Novak", "1983-10-12", "male", "MS"),
    Invented("Grace", "Adeyemi", "1959-06-26", "female", "GPA", has_email=False),
)
BY_OTHER_REGIMENS = (
    Invented("Henrik", "Dahl", "1969-01-31", "male", "AIHA"),
    Invented("Leila", "Karimi", "1973-05-25", "female", "PV"),
    Invented("Fionn", "Murphy", "1988-03-14", "male", "MS"),
    Invented("Beatriz", "Santos", "1961-09-09", "female", "RA", language="es"),
)
TEXTED = Invented("Noor", "Aziz", "1972-06-18", "female", "RA")
ENDED = Invented("Leonor", "Quist", "1954-09-17", "female", "GPA")
DIED = Invented("Arthur", "Pym", "1938-11-02", "male", "RA")

SEVERITY = {
    "RA": [("das28_esr", "5.4", "")],
    "SLE": [("sledai_2k", "9", "")],
    "MS": [("edss", "3.5", "")],
    "AIHA": [("haemoglobin", "8.9", "g/dL"), ("ldh_ratio", "1.8", "")],
    "GPA": [("bvas_wg", "6", "")],
    "MPA": [("bvas_v3", "12", "")],
    "PV": [("pdai_activity", "18", ""), ("pdai_damage", "3", "")],
}
# How those who have been treated for long stand today, in place of the above.
STANDING = {
    "Marlowe": {"das28_esr": "2.6", "igg": "6.6"},
    "Novak": {"edss": "3"},
    "Adeyemi": {"bvas_wg": "0"},
    "Demir": {"pdai_activity": "5", "pdai_damage": "2"},
}
# What a patient who is fit for treatment shows, as a nurse would record it.
FIT = [
    ("overall_health", "fit", ""),
    ("hbsag", "negative", ""),
    ("anti_hbc", "negative", ""),
    ("neutrophils", "4.1", "10*9/L"),
    ("white_cells", "6.8", "10*9/L"),
    ("lymphocytes", "1.9", "10*9/L"),
    ("haemoglobin", "12.9", "g/dL"),
    ("platelets", "251", "10*9/L"),
    ("igg", "9.8", "g/L"),
    ("infection", "none", ""),
    ("hypersensitivity", "no", ""),
    ("pml_history", "no", ""),
    ("severely_immunocompromised", "no", ""),
    ("heart_failure", "none", ""),
    ("live_vaccine", "none", ""),
    ("vaccination_review", "complete", ""),
    ("co_medication", "no_concerns", ""),
    ("consent", "signed", ""),
    ("talk", "held", ""),
    ("hcv", "negative", ""),
    ("hiv", "negative", ""),
    ("tb_history", "none", ""),
    ("chest_xray", "clear", ""),
    ("igra", "negative", ""),
    ("vzv_igg", "positive", ""),
    ("iga", "1.9", "g/L"),
    ("igm", "0.8", "g/L"),
    ("alt", "27", "U/L"),
    ("creatinine", "74", "umol/L"),
]
# Of a treatment that ended: taken five months ago, and not since.
AFTER_THE_LAST = [
    ("neutrophils", "3.4", "10*9/L"),
    ("igg", "6.1", "g/L"),
    ("hbsag", "negative", ""),
    ("anti_hbc", "positive", ""),
    ("hbv_dna", "not_detected", ""),
]
FIT_WOMEN = [("pregnancy_test", "negative", ""), ("breastfeeding", "no", ""), ("contraception", "used", "")]
ON_THE_DAY = [("infection", "none", ""), ("information", "both", ""), ("drug_received", "received", "")]
