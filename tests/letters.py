"""The letters of the doors, which leave beside the answer: to read them is to wait for them."""

import threading
from typing import Any

from django.core import mail

from infusion.doors.letters import POSTMAN


def under_way() -> list[threading.Thread]:
    """Whoever is writing or sending one this moment."""
    return [thread for thread in threading.enumerate() if thread.name == POSTMAN]


def outbox() -> list[Any]:
    """Every mail that was sent, once none is under way any more."""
    for thread in under_way():
        thread.join(timeout=30)
    return mail.outbox
