"""Dates and numbers in Spanish, as people in the Americas write them.

Django asks here for every pattern a template or a program names, ``|date:"l, j F Y"`` as well as ``DATE_FORMAT``,
before it takes the pattern as it stands. A test holds that every pattern patients meet is listed.
"""

DATE_FORMAT = r"j \d\e F \d\e Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = r"j \d\e F \d\e Y, H:i"
MONTH_DAY_FORMAT = r"j \d\e F"
DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","

PATTERNS = {
    "l, j F Y": r"l j \d\e F \d\e Y",
    "l j F Y": r"l j \d\e F \d\e Y",
    "l, j F": r"l j \d\e F",
    "l j F": r"l j \d\e F",
    "l, j F, H:i": r"l j \d\e F, H:i",
    "l j F, H:i": r"l j \d\e F, H:i",
    "l, j F Y, H:i": r"l j \d\e F \d\e Y, H:i",
    "l j F Y, H:i": r"l j \d\e F \d\e Y, H:i",
    "j F Y": r"j \d\e F \d\e Y",
    "j F": r"j \d\e F",
    "j F Y, H:i": r"j \d\e F \d\e Y, H:i",
    "F Y": r"F \d\e Y",
    "H:i": "H:i",
}


def __getattr__(name: str) -> str:
    """How Spanish writes an English pattern."""
    try:
        return PATTERNS[name]
    except KeyError:
        raise AttributeError(name) from None
