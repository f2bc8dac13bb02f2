"""Each import contract is shown to bite: a violation planted in a copy of the tree makes it fail by name."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.programs import ROOT

ROOMS = ("clinics", "patients", "regimens", "evaluation", "scheduling", "treatment", "monitoring", "infusion")
CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
# What is planted: contract, file, line. Each breaks its contract; others may break with it.
PLANTED = [
    ("rooms", "patients/queries.py", "import evaluation.models"),
    ("rooms", "regimens/domain/__init__.py", "import evaluation.domain"),
    ("rooms", "clinics/access.py", "import infusion.portal"),
    ("furniture", "scheduling/domain/__init__.py", "import scheduling.models"),
    ("furniture", "clinics/models.py", "import clinics.queries"),
    ("furniture", "patients/queries.py", "import patients.actions"),
    ("furniture", "infusion/portal/forms.py", "import infusion.portal.views"),
    ("pure-domain", "evaluation/domain/__init__.py", "import django.utils.timezone"),
    ("pure-domain", "infusion/reminders/domain/__init__.py", "import clinics.models"),
    ("pure-domain", "regimens/domain/__init__.py", "import dateutil.relativedelta"),
    ("views-without-models", "treatment/views.py", "from patients.models import Patient"),
    ("views-without-models", "infusion/desk/views.py", "import clinics.models"),
    ("no-cycles", "infusion/portal/access.py", "import infusion.desk.views\nimport infusion.portal.views"),
    ("no-cycles", "clinics/domain/text.py", "import clinics.domain.rights\nimport clinics.domain.planted"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms' Python files and the rules, elsewhere."""
    there = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", there)
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            target = there / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return there


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def verdicts(output: str) -> dict[str, str]:
    """KEPT or BROKEN, by contract name."""
    lines = [line.rpartition(" ") for line in output.splitlines() if line.endswith((" KEPT", " BROKEN"))]
    return {name: verdict for name, _, verdict in lines}


def test_the_tree_keeps_every_contract(copy: Path) -> None:
    result = lint(copy)
    assert verdicts(result.stdout) == dict.fromkeys(CONTRACTS.values(), "KEPT"), result.stdout
    assert result.returncode == 0


def test_every_contract_is_shown_to_bite() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(CONTRACTS)


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED, ids=[f"{c}-{f}" for c, f, _ in PLANTED])
def test_a_planted_violation_breaks_the_contract(copy: Path, contract: str, file: str, line: str) -> None:
    path = copy / file
    before = path.read_text() if path.exists() else None
    planted = path.with_name("planted.py")
    path.write_text(f"{before or ''}\n{line}\n")
    if "planted" in line:
        planted.write_text(f"import {file.removesuffix('.py').replace('/', '.')}\n")
    try:
        result = lint(copy)
    finally:
        planted.unlink(missing_ok=True)
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert verdicts(result.stdout)[CONTRACTS[contract]] == "BROKEN", result.stdout
    assert result.returncode == 1
