"""The production set-up, checked without an engine: the file is valid, whole, and holds no secret."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.programs import ROOT

COMPOSE = ROOT / "docker-compose.yml"
TEXT = COMPOSE.read_text()


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return YAML(typ="safe").load(TEXT)


def validate(path: Path) -> int:
    tool = Path(sys.executable).with_name("check-jsonschema")
    command = [str(tool), "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


def test_the_compose_file_is_valid() -> None:
    assert validate(COMPOSE) == 0


def test_the_validation_would_notice_a_misspelt_key(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(TEXT.replace("healthcheck:", "healthchek:", 1))
    assert validate(broken) == 1


def test_every_part_of_the_installation_is_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"proxy", "web", "worker", "beat", "migrate", "postgres", "redis"}


def test_only_the_proxy_can_be_reached_from_outside(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    assert {name for name, network in compose["networks"].items() if not network.get("internal")} == {
        "outside"
    }
    outside = {name for name, service in compose["services"].items() if "outside" in service["networks"]}
    assert outside == {
        "proxy",
        "web",
        "worker",
    }  # web mails codes, the worker all else, to the clinic's mail server


def test_secrets_have_no_defaults(compose: dict[str, Any]) -> None:
    secret = re.compile(r"SECRET|PASSWORD|TOKEN|_URL$")
    for service in compose["services"].values():
        for name, text in service.get("environment", {}).items():
            if secret.search(name) and name not in ("INFUSION_BROKER_URL", "INFUSION_BASE_URL"):
                assert re.search(r"\$\{[A-Z_]+:\?\}", text), name
                assert not re.search(r"\$\{[A-Z_]*(SECRET|PASSWORD)[A-Z_]*:?-", text), name


def test_the_example_names_every_variable_and_holds_none() -> None:
    example = (ROOT / ".env.example").read_text()
    given = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))
    required = set(re.findall(r"\$\{([A-Z_]+):\?\}", TEXT))
    assert required <= set(given)
    assert set(given) <= set(re.findall(r"\$\{([A-Z_]+):", TEXT))
    assert set(given.values()) == {""}


def test_every_program_is_told_who_carries_texts_and_how_often_to_look(compose: dict[str, Any]) -> None:
    asked = {
        "INFUSION_SMS_BACKEND": "${INFUSION_SMS_BACKEND:-}",
        "INFUSION_SWEEP_SECONDS": "${INFUSION_SWEEP_SECONDS:-15}",
    }
    for program in ("web", "worker", "beat", "migrate"):
        assert asked.items() <= compose["services"][program]["environment"].items()


def test_the_probe_asks_livez_so_that_a_dead_broker_does_not_stop_the_web(compose: dict[str, Any]) -> None:
    probe = " ".join(compose["services"]["web"]["healthcheck"]["test"])
    assert re.findall(r"localhost:8000(/\w+)", probe) == ["/livez"]
    assert re.findall(r"health_uri (\S+)", (ROOT / "Caddyfile").read_text()) == ["/livez"]


def test_the_programs_do_not_run_as_root() -> None:
    assert re.findall(r"^USER (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE) == ["infusion"]


def test_the_image_contains_every_room_and_no_test() -> None:
    taken = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    rooms = {
        "clinics",
        "patients",
        "regimens",
        "evaluation",
        "scheduling",
        "treatment",
        "monitoring",
        "infusion",
    }
    assert taken == rooms | {
        "locale",
        "static",
        "templates",
        "manage.py",
        "pyproject.toml",
        "requirements.txt",
    }
