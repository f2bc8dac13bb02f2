"""The seven conditions this product treats, and which of them a recorded diagnosis names.

Codes: SNOMED CT, ICD-10 and ICD-10-CM as in the public code lists (docs/clinical.md, S43); SNOMED CT 49420001
for pemphigus vulgaris and the codes for "vasculitis" and "pemphigus" alone are product defaults, unverified.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """The abbreviation is what is stored and shown in narrow places."""

    RA = "RA"
    SLE = "SLE"
    MS = "MS"
    AIHA = "AIHA"
    GPA = "GPA"
    MPA = "MPA"
    PV = "PV"

    @property
    def full_name(self) -> str:
        """The condition's name in words."""
        return NAMES[self]


NAMES: dict[Condition, str] = {
    Condition.RA: "Rheumatoid arthritis",
    Condition.SLE: "Systemic lupus erythematosus",
    Condition.MS: "Multiple sclerosis",
    Condition.AIHA: "Autoimmune haemolytic anaemia",
    Condition.GPA: "Granulomatosis with polyangiitis",
    Condition.MPA: "Microscopic polyangiitis",
    Condition.PV: "Pemphigus vulgaris",
}
SNOMED: dict[str, Condition] = {
    "69896004": Condition.RA,
    "55464009": Condition.SLE,
    "24700007": Condition.MS,
    "413603009": Condition.AIHA,
    "195353004": Condition.GPA,
    "239928004": Condition.MPA,
    "49420001": Condition.PV,
}
# Leading parts of codes, without the dot. What is not listed (M06.1, M06.4, M32.0) is not the condition.
ICD10: dict[str, Condition] = {
    "M05": Condition.RA,
    "M060": Condition.RA,
    "M068": Condition.RA,
    "M069": Condition.RA,
    "M321": Condition.SLE,
    "M328": Condition.SLE,
    "M329": Condition.SLE,
    "G35": Condition.MS,
    "D591": Condition.AIHA,
    "M313": Condition.GPA,
    "M317": Condition.MPA,
    "L100": Condition.PV,
}
# Near, but a person has to say. Where two conditions are possible the first is only a suggestion. ICD-10 here
# stands for exactly that code, not for what begins with it.
SNOMED_NEAR: dict[str, tuple[Condition, ...]] = {
    "200936003": (Condition.SLE,),
    "68815009": (Condition.SLE,),
    "31996006": (Condition.GPA, Condition.MPA),
    "65172003": (Condition.PV,),
}
ICD10_NEAR: dict[str, tuple[Condition, ...]] = {
    "M06": (Condition.RA,),
    "M32": (Condition.SLE,),
    "L93": (Condition.SLE,),
    "D59": (Condition.AIHA,),
    "D599": (Condition.AIHA,),
    "M31": (Condition.GPA, Condition.MPA),
    "M318": (Condition.GPA, Condition.MPA),
    "M319": (Condition.GPA, Condition.MPA),
    "I776": (Condition.GPA, Condition.MPA),
    "L10": (Condition.PV,),
    "L109": (Condition.PV,),
}

_CERTAIN_NAMES: dict[Condition, tuple[str, ...]] = {
    Condition.RA: (
        "ra",
        "rheumatoid arthritis",
        "seropositive rheumatoid arthritis",
        "seronegative rheumatoid arthritis",
        "rheumatoid arthritis seropositive",
        "rheumatoid arthritis seronegative",
        "rheumatoid arthritis unspecified",
        "artritis reumatoide",
    ),
    Condition.SLE: (
        "sle",
        "systemic lupus",
        "systemic lupus erythematosus",
        "systemic lupus erythematosus unspecified",
        "systemic lupus erythematosus sle",
        "lupus eritematoso sistemico",
    ),
    Condition.MS: (
        "ms",
        "rrms",
        "multiple sclerosis",
        "relapsing remitting multiple sclerosis",
        "multiple sclerosis relapsing remitting",
        "primary progressive multiple sclerosis",
        "secondary progressive multiple sclerosis",
        "esclerosis multiple",
    ),
    Condition.AIHA: (
        "aiha",
        "waiha",
        "autoimmune hemolytic anemia",
        "auto immune hemolytic anemia",
        "warm autoimmune hemolytic anemia",
        "cold autoimmune hemolytic anemia",
        "mixed autoimmune hemolytic anemia",
        "autoimmune hemolytic anemia unspecified",
        "anemia hemolitica autoinmune",
    ),
    Condition.GPA: (
        "gpa",
        "granulomatosis with polyangiitis",
        "granulomatosis with polyangitis",
        "wegener granulomatosis",
        "wegeners granulomatosis",
        "granulomatosis with polyangiitis wegener",
        "granulomatosis with polyangiitis wegeners",
        "granulomatosis con poliangeitis",
        "granulomatosis con poliangitis",
    ),
    Condition.MPA: (
        "mpa",
        "microscopic polyangiitis",
        "microscopic polyangitis",
        "microscopic polyarteritis nodosa",
        "poliangeitis microscopica",
        "poliangitis microscopica",
    ),
    Condition.PV: ("pv", "pemphigus vulgaris", "penfigo vulgar"),
}
CERTAIN_NAMES: dict[str, Condition] = {
    name: condition for condition, names in _CERTAIN_NAMES.items() for name in names
}
# Words that make any longer text near. Tried in this order.
_NEAR_WORDS: tuple[tuple[str, tuple[Condition, ...]], ...] = (
    ("rheumatoid arthritis", (Condition.RA,)),
    ("artritis reumatoide", (Condition.RA,)),
    ("multiple sclerosis", (Condition.MS,)),
    ("esclerosis multiple", (Condition.MS,)),
    ("lupus", (Condition.SLE,)),
    ("hemolytic anemia", (Condition.AIHA,)),
    ("anemia hemolitica", (Condition.AIHA,)),
    ("cold agglutinin disease", (Condition.AIHA,)),
    ("microscopic polyangiitis", (Condition.MPA,)),
    ("granulomatosis with polyangiitis", (Condition.GPA,)),
    ("wegener", (Condition.GPA,)),
    ("wegeners", (Condition.GPA,)),
    ("polyangiitis", (Condition.GPA, Condition.MPA)),
    ("vasculitis", (Condition.GPA, Condition.MPA)),
    ("aav", (Condition.GPA, Condition.MPA)),
    ("pemphigus", (Condition.PV,)),
    ("penfigo", (Condition.PV,)),
)
# Other diseases that carry one of those words, and words that take the diagnosis back.
_OTHER_DISEASES: tuple[str, ...] = (
    "drug induced",
    "discoid lupus",
    "cutaneous lupus",
    "lupus pernio",
    "lupus vulgaris",
    "lupus anticoagulant",
    "non autoimmune",
    "nonautoimmune",
    "eosinophilic granulomatosis",
    "iga vasculitis",
    "pemphigus foliaceus",
    "pemphigus vegetans",
    "pemphigus erythematosus",
    "paraneoplastic pemphigus",
    "benign familial pemphigus",
    "family history",
    "antecedentes familiares",
    "screening for",
    "no evidence of",
    "ruled out",
)


@dataclass(frozen=True, slots=True)
class Match:
    """One of the seven. Where it is not ``certain`` the condition is a suggestion, ``others`` are possible
    too.
    """

    condition: Condition
    certain: bool
    others: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Comorbidity:
    """A diagnosis that is none of the seven; ``system`` is ``snomed``, ``icd10`` or empty for plain words."""

    system: str
    code: str
    text: str


_SYSTEMS = {
    "http://snomed.info/sct": "snomed",
    "2.16.840.1.113883.6.96": "snomed",
    "snomed": "snomed",
    "snomedct": "snomed",
    "sct": "snomed",
    "http://hl7.org/fhir/sid/icd-10": "icd10",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10",
    "2.16.840.1.113883.6.3": "icd10",
    "2.16.840.1.113883.6.90": "icd10",
    "icd10": "icd10",
    "icd10cm": "icd10",
}
_ICD10_FORM = re.compile(r"[A-TV-Z][0-9][0-9AB](?:\.?[0-9A-Z]{1,4})?[+*†]?")
_SNOMED_FORM = re.compile(r"[0-9]{6,18}")
_SPELLINGS = (("haem", "hem"), ("anaem", "anem"), ("auto immune", "autoimmune"))


def coding_system(system: str) -> str:
    """``snomed``, ``icd10`` or empty, for the ways a system is named (URL, OID, common words)."""
    plain = system.strip().lower().removeprefix("urn:oid:").rstrip("/")
    return _SYSTEMS.get(plain) or _SYSTEMS.get(re.sub(r"[^a-z0-9]", "", plain), "")


def normalised_name(text: str) -> str:
    """A diagnosis in words, for comparing: lower case, no accents or punctuation, one spelling, no
    "(disorder)".
    """
    spread = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in spread if not unicodedata.combining(letter)).casefold()
    plain = re.sub(r"\((?:disorder|finding|situation|diagnosis)\)\s*$", "", plain.strip())
    plain = re.sub(r"['’]", "", plain)
    plain = " ".join(re.sub(r"[\W_]+", " ", plain).split())
    for british, american in _SPELLINGS:
        plain = plain.replace(british, american)
    return plain


def match_diagnosis(*, system: str, code: str, text: str) -> Match | Comorbidity | None:
    """Which of the seven a recorded diagnosis names, from its code (SNOMED CT, ICD-10 by prefix) and its
    words.

    A code decides; words that contradict it, or that name a condition beside a code of another meaning, leave
    it to a person. With no code, a code at the head of the words is read as one, and the usual names are
    certain. Nothing given at all is None. Source: docs/clinical.md, S43; what counts as near is a product
    default, unverified.
    """
    kind, code, text = coding_system(system), code.strip(), text.strip()
    if not code and not text:
        return None
    words = text
    if not code:
        kind, code, words = _code_in(text)
    elif not system.strip():
        kind = _kind_of(code)
    coded, named = _by_code(kind, code), _by_name(words)
    if coded is None:
        # ICD-10 is listed whole, so its code overrules words that are merely near.
        if named is None or (kind == "icd10" and not named.certain):
            return Comorbidity(kind, code, text or code)
        return Match(named.condition, False, named.others) if kind else named
    if coded.certain and named and named.certain and named.condition != coded.condition:
        return Match(coded.condition, False, (named.condition,))
    return coded


def _kind_of(code: str) -> str:
    if _SNOMED_FORM.fullmatch(code):
        return "snomed"
    return "icd10" if _ICD10_FORM.fullmatch(code.upper()) else ""


def _code_in(text: str) -> tuple[str, str, str]:
    """Kind, code and remaining words of a text like "L10.0 Pemphigus vulgaris"; "MS" has no code."""
    first, _, rest = text.partition(" ")
    code = first.rstrip(":-–")
    kind = _kind_of(code)
    if kind and (not rest or _by_code(kind, code)):
        return kind, code, rest.strip(" :-–")
    return "", "", text


def _by_code(kind: str, code: str) -> Match | None:
    if kind == "snomed":
        if condition := SNOMED.get(code):
            return Match(condition, True)
        near = SNOMED_NEAR.get(code)
        return Match(near[0], False, near[1:]) if near else None
    if kind != "icd10":
        return None
    plain = code.upper().replace(".", "").rstrip("+*†")
    for length in range(len(plain), 2, -1):
        if condition := ICD10.get(plain[:length]):
            return Match(condition, True)
    near = ICD10_NEAR.get(plain)
    return Match(near[0], False, near[1:]) if near else None


def _by_name(text: str) -> Match | None:
    name = normalised_name(text)
    if not name:
        return None
    if condition := CERTAIN_NAMES.get(name):
        return Match(condition, "?" not in text)
    spaced = f" {name} "
    if any(f" {other} " in spaced for other in _OTHER_DISEASES):
        return None
    for words, conditions in _NEAR_WORDS:
        if f" {words} " in spaced:
            return Match(conditions[0], False, conditions[1:])
    return None
