"""`python -m bench.section NAME SIZE`: measure one section on the database named in the environment; writes JSON."""

from __future__ import annotations

import json
import sys

import django

from bench.sections import SECTIONS

if __name__ == "__main__":
    django.setup()
    name, size = sys.argv[1:3]
    measure = next(section.measure for section in SECTIONS if section.name == name)
    json.dump(measure(size), sys.stdout)
