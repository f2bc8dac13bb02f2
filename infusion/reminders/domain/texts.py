"""How many parts a text message is sent and paid in."""

from __future__ import annotations

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
DOUBLE = frozenset("\f^{}\\[~]|€")
"""Letters that take two places."""
MOST_PARTS = 3
"""In how many parts a clinic's own words may make a text go; a product default."""


def widening(text: str) -> tuple[str, ...]:
    """The letters, each once, that the seven-bit alphabet of telephones (GSM 03.38) does not have: one is enough to
    make every letter of the text dearer.
    """
    return tuple(dict.fromkeys(letter for letter in text if letter not in BASIC | DOUBLE))


def is_plain(text: str) -> bool:
    """Whether the text can be written in the seven-bit alphabet."""
    return not widening(text)


def parts(text: str) -> int:
    """In how many parts it goes: 160 letters alone or 153 each in the plain alphabet, 70 or 67 in any other."""
    if is_plain(text):
        length, alone, each = len(text) + sum(letter in DOUBLE for letter in text), 160, 153
    else:
        length, alone, each = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= alone else -(-length // each)
