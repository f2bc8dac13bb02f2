"""Secrets that stand in an address never stand in a log."""

from __future__ import annotations

import logging
import re

SECRET = re.compile(r"(/feed/)[^\s/?\"']+")


class MaskedAddresses(logging.Filter):
    """Takes the token out of every address of a calendar feed before a line is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        masked = SECRET.sub(r"\1…", said)
        if masked != said:
            record.msg, record.args = masked, ()
        return True
