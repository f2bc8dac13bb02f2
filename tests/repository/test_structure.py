"""The house's own rules that no linter knows: sizes, names, the direction of foreign keys, scope, the lock."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Model

from tests.programs import ROOT

# The one arrow, from the ground up: a room may point to itself and to those before it.
ROOMS = ("clinics", "patients", "regimens", "evaluation", "scheduling", "treatment", "monitoring", "infusion")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "event", "item", "manager", "handler", "process"}
LONGEST_FILE, LONGEST_VIEW = 400, 40
# What belongs to no clinic: a clinic itself, a person who may work in several, and the seals of the one audit trail.
WITHOUT_CLINIC = {"Clinic", "User", "AuditSeal"}
# (what is a person's own begins with that person, who has proved to be it).
SCOPED_STARTS = {"of", "of_person", "create", "bulk_create"}
SCOPED_BY_KEYWORD = {"get_or_create", "update_or_create"}
# (a patient belongs to one clinic, so naming one is enough).
# The two jobs that run for all clinics at once: sending what is due, and sealing the audit trail. And the one address
# that names no clinic because its secret does: a calendar feed.
ACROSS_CLINICS = {
    "infusion/reminders/queries/before_visits.py",
    "infusion/reminders/queries/blood_tests.py",
    "infusion/reminders/queries/candidates.py",
    "infusion/reminders/queries/knowing.py",
    "infusion/reminders/queries/reading.py",
    "infusion/reminders/queries/requests.py",
    "infusion/reminders/queries/rules.py",
    "infusion/reminders/actions/deriving.py",
    "infusion/reminders/actions/sending.py",
    "infusion/reminders/actions/bounces.py",
    "infusion/reminders/actions/digests.py",
    "infusion/reminders/queries/digests.py",
    "infusion/reminders/queries/stopping.py",
    "clinics/actions/trail.py",
    "patients/feeds.py",
}


def code(*folders: str) -> Iterator[Path]:
    """Python files of the folders, migrations aside."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def own_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if model.__module__.split(".")[0] in ROOMS]


def calls_on(
    tree: ast.AST, owners: set[str], attribute: str
) -> Iterator[tuple[str, ast.Attribute, ast.Call | None]]:
    """Every `Owner.attribute.something` with the call made of it, if one is."""
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Attribute):
            continue
        owner = node.value.value
        if node.value.attr == attribute and isinstance(owner, ast.Name) and owner.id in owners:
            yield owner.id, node, called.get(id(node))


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in code(*ROOMS, "tests", "bench")}
    assert {file: length for file, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_view_is_longer_than_40_lines() -> None:
    long = {}
    for path in code(*ROOMS):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg == "request":
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                length = (node.end_lineno or node.lineno) - first + 1
                if length > LONGEST_VIEW:
                    long[f"{name(path)}:{node.name}"] = length
    assert long == {}


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    bad = [name(path) for path in code(*ROOMS) if FORBIDDEN_NAMES & {path.stem, path.parent.name}]
    assert bad == []


def test_foreign_keys_point_to_the_same_room_or_to_one_before_it() -> None:
    against = []
    for model in own_models():
        room = ROOMS.index(model.__module__.split(".")[0])
        for field in model._meta.get_fields():
            target = field.related_model
            if field.auto_created or not isinstance(target, type) or target not in own_models():
                continue
            if ROOMS.index(target.__module__.split(".")[0]) > room:
                against.append(f"{model.__name__}.{field.name} -> {target.__name__}")
    assert against == []


def test_everything_belongs_to_a_clinic() -> None:
    unowned = {
        model.__name__
        for model in own_models()
        if "clinic" not in {field.name for field in model._meta.get_fields()}
    }
    assert unowned == WITHOUT_CLINIC


def test_every_query_starts_from_a_clinic() -> None:
    owned = {model.__name__ for model in own_models()} - WITHOUT_CLINIC
    unscoped = []
    for path in code(*ROOMS):
        for owner, node, call in calls_on(ast.parse(path.read_text()), owned, "objects"):
            keywords = {keyword.arg for keyword in call.keywords} if call else set()
            by_keyword = node.attr in SCOPED_BY_KEYWORD and keywords & {"clinic", "patient"}
            if node.attr not in SCOPED_STARTS and not by_keyword:
                unscoped.append(f"{name(path)}:{node.lineno} {owner}.objects.{node.attr}")
    assert unscoped == []


def test_only_two_jobs_look_across_clinics() -> None:
    found = {name(path) for path in code(*ROOMS) if re.search(r"\w\.across_clinics\b", path.read_text())}
    assert found == ACROSS_CLINICS


def test_no_admin_passes_by_the_actions() -> None:
    bad = [name(path) for path in code(*ROOMS) if "django.contrib.admin" in path.read_text()]
    assert bad == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
    files = [
        *code(*ROOMS, "tests", "bench"),
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "static" / "css").rglob("*.css"),
    ]
    assert [name(path) for path in files if later.search(path.read_text())] == []


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-demo.txt", "requirements-dev.txt"])
def test_the_lock_pins_every_package_by_hash_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = [entry for entry in re.split(r"\n(?=[a-z0-9])", text) if not entry.startswith("#")]
    unpinned = [
        entry.split()[0]
        for entry in entries
        if not re.match(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^ ]+", entry) or "--hash=sha256:" not in entry
    ]
    assert unpinned == []
    assert [
        word for word in ("://", "--index-url", "--extra-index-url", "--find-links") if word in text
    ] == []


def test_the_demos_lock_is_part_of_the_developers_and_holds_the_run_times() -> None:
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9._-]+==\S+", (ROOT / lock).read_text(), re.MULTILINE))

    assert pins("requirements.txt") < pins("requirements-demo.txt") < pins("requirements-dev.txt")
