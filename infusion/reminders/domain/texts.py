"""How many parts a text message is sent and paid in."""

from __future__ import annotations

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
DOUBLE = frozenset("\f^{}\\[~]|€")
"""Letters that take two places."""


def is_plain(text: str) -> bool:
    """Whether the text can be written in the seven-bit alphabet of telephones (GSM 03.38)."""
    return all(letter in BASIC or letter in DOUBLE for letter in text)


def parts(text: str) -> int:
    """In how many parts it goes: 160 letters alone or 153 each in the plain alphabet, 70 or 67 in any other."""
    if is_plain(text):
        length, alone, each = len(text) + sum(letter in DOUBLE for letter in text), 160, 153
    else:
        length, alone, each = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= alone else -(-length // each)
