"""What is looked at before the programs start: whether the texts of this installation can go anywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from .sms import FileCarrier


@register()
def texts_can_be_carried(**_options: Any) -> list[CheckMessage]:
    """That the carrier named can be loaded and used; where none is named, no text is offered."""
    name = settings.SMS_BACKEND
    if not name:
        return []
    try:
        carrier = import_string(name)
    except ImportError as problem:
        return [_error("E001", f"INFUSION_SMS_BACKEND names {name!r}, which cannot be loaded: {problem}")]
    if not callable(getattr(carrier, "deliver", None)):
        return [_error("E002", f"INFUSION_SMS_BACKEND names {name!r}, which has no method 'deliver'.")]
    if carrier is FileCarrier and not _can_be_written(settings.SMS_FILE):
        return [
            _error("E003", f"{name} writes texts into {settings.SMS_FILE}, where nothing may be written.")
        ]
    return []


def _error(number: str, words: str) -> CheckMessage:
    return Error(words, hint="See 'Text messages' in docs/operations.md.", id=f"reminders.{number}")


def _can_be_written(file: Path) -> bool:
    """Whether the file, or the nearest folder there is on the way to it, may be written to."""
    nearest = next(place for place in (file, *file.parents) if place.exists())
    return (nearest == file or nearest.is_dir()) and os.access(nearest, os.W_OK)
