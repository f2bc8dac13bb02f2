"""What every text field of a form refuses."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from clinics.domain.text import problem_with_text


def sound_text(value: str) -> None:
    """Refuse what a database or a mail cannot keep."""
    if words := problem_with_text(value):
        raise ValidationError(words)
