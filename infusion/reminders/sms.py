"""Handing over a text message: one small interface, behind which a clinic puts the service it has."""

from __future__ import annotations

import json
import os
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from .post import Answer, Fate


class Carrier(Protocol):
    """Who carries text messages. What goes wrong is an answer, never an exception."""

    def deliver(self, text: str, *, to: str, message_id: str) -> Answer: ...


class FileCarrier:
    """Writes each text as one line of JSON into ``settings.SMS_FILE``: for the demo and for tests."""

    def deliver(self, text: str, *, to: str, message_id: str) -> Answer:
        line = json.dumps({"to": to, "text": text, "message_id": message_id}, ensure_ascii=False) + "\n"
        try:
            settings.SMS_FILE.parent.mkdir(parents=True, exist_ok=True)
            # One write to a file opened for appending: two senders' lines never mix.
            file = os.open(settings.SMS_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line.encode())
            finally:
                os.close(file)
        except OSError as problem:
            return Answer(Fate.UNREACHED, str(problem))
        return Answer(Fate.TAKEN)


def is_offered() -> bool:
    """Whether this installation can send text messages at all."""
    return bool(settings.SMS_BACKEND)


def deliver(text: str, *, to: str, message_id: str) -> Answer:
    """Hand one text to whoever carries them; ``message_id`` is the same however often it is tried."""
    if not is_offered():
        return Answer(Fate.REFUSED, "No service for text messages is configured.")
    carrier: Carrier = import_string(settings.SMS_BACKEND)()
    return carrier.deliver(text, to=to, message_id=message_id)
