"""Taking a mailbox apart: one mail, or the many of an mbox file, each cut where it grows too large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

LARGEST = 1024 * 1024
"""Bytes of one mail that are looked at: a report and the headers it returns stand at its beginning."""

_LINE = 64 * 1024


def mails(source: IO[bytes]) -> Iterator[bytes]:
    """The mails of a mailbox, one after the other. What does not begin as an mbox file does is one mail.

    Lines and mails of any length pass through a bounded piece of memory.
    """
    mail = bytearray()
    is_mbox = False
    at_line_start = after_blank = True
    first = True
    while line := source.readline(_LINE):
        begins = at_line_start and line.startswith(b"From ")
        if first:
            is_mbox, first = begins, False
        if is_mbox and begins and after_blank:
            if mail:
                yield bytes(mail)
            mail.clear()
        elif len(mail) < LARGEST:
            mail += line[: LARGEST - len(mail)]
        after_blank = at_line_start and not line.strip(b"\r\n")
        at_line_start = line.endswith(b"\n")
    if mail:
        yield bytes(mail)
