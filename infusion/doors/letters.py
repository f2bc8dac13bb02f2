"""Letters of the doors leave after the answer: how long a page takes must not tell who is known here, and a mail server
that hangs holds nobody's page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Thread, local
from typing import Any

from django.core.signals import request_finished
from django.dispatch import receiver

POSTMAN = "letters of the doors"
"""What the threads that write and send are called."""

_held = local()


def after_the_answer(send: Callable[[], None]) -> None:
    """Have something sent as soon as the request that is being answered here is answered."""
    _held.letters = [*getattr(_held, "letters", ()), send]


@receiver(request_finished)
def send_what_was_held(**signal: Any) -> None:
    """The answer is out: send beside it. It needs neither the database nor the broker."""
    letters, _held.letters = getattr(_held, "letters", ()), ()
    if letters:
        Thread(target=_send, args=[letters], name=POSTMAN).start()


def _send(letters: Iterable[Callable[[], None]]) -> None:
    for send in letters:
        send()
