"""docs/facts.md says by which test each clinical fact is held: every test and file it names exists."""

import re

from tests.programs import ROOT

TESTS = [*ROOT.glob("tests/**/test_*.py")]


def test_every_test_that_the_facts_name_exists():
    written = "".join(path.read_text(encoding="utf-8") for path in TESTS)
    known = {path.stem for path in TESTS} | set(re.findall(r"def (test_\w+)", written))
    named = set(re.findall(r"\btest_\w+", (ROOT / "docs" / "facts.md").read_text(encoding="utf-8")))
    assert sorted(named - known) == []
    assert len(named) > 100


def test_every_data_file_that_the_facts_name_exists():
    text = (ROOT / "docs" / "facts.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b[a-z]+/data/\w+\.json", text))
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
    assert len(named) > 5
