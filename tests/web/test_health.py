import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from infusion import health, pulse
from tests import programs

pytestmark = pytest.mark.django_db(transaction=True)
WELL = {"web": "ok", "database": "ok", "broker": "ok", "worker": "ok", "beat": "ok"}


@pytest.fixture
def beating() -> None:
    pulse.write("worker")
    pulse.write("beat")


def test_healthz_is_200_when_all_parts_are_well(client: Client, broker: str, beating: None) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, WELL)


def test_healthz_is_never_kept_by_a_cache(client: Client) -> None:
    assert "no-store" in client.get("/healthz")["Cache-Control"]


def test_healthz_names_the_program_that_never_beat(client: Client, broker: str) -> None:
    pulse.write("worker")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {**WELL, "beat": "has shown no heartbeat"})


@pytest.mark.parametrize(("age", "status"), [(58, 200), (61, 503)])
def test_healthz_counts_a_heartbeat_for_a_minute(
    client: Client, broker: str, beating: None, age: int, status: int
) -> None:
    cache.set(pulse.key("worker"), time.time() - age)
    assert client.get("/healthz").status_code == status


def test_healthz_names_a_broker_that_is_gone(client: Client, settings: Any, beating: None) -> None:
    settings.BROKER_URL = "redis+socket:///nonexistent/broker.sock"
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (
        503,
        {**WELL, "broker": "does not answer (ConnectionError)"},
    )


def test_healthz_names_a_hung_broker_within_a_second(
    client: Client, settings: Any, beating: None, hung_broker: str
) -> None:
    settings.BROKER_URL = hung_broker
    began = time.monotonic()
    answer = client.get("/healthz")
    assert time.monotonic() - began < 1.0
    assert (answer.status_code, answer.json()) == (503, {**WELL, "broker": "does not answer (TimeoutError)"})


def test_healthz_says_when_no_broker_is_configured(client: Client, settings: Any, beating: None) -> None:
    settings.BROKER_URL = ""
    assert client.get("/healthz").json()["broker"] == "is not configured"


def test_livez_needs_neither_broker_nor_worker(client: Client, settings: Any) -> None:
    settings.BROKER_URL = "redis+socket:///nonexistent/broker.sock"
    answer = client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"web": "ok", "database": "ok"})


def test_a_question_that_hangs_is_left_waiting() -> None:
    release = threading.Event()
    began = time.monotonic()
    answer = health._within(0.1, lambda: str(release.wait(30)))
    waited = time.monotonic() - began
    release.set()
    assert answer == "did not answer within 0.1 seconds"
    assert waited < 5


def test_questions_that_hang_cannot_use_up_the_threads() -> None:
    release = threading.Event()
    before = threading.active_count()
    answers = [health._within(0.01, lambda: str(release.wait(30))) for _ in range(12)]
    asking = threading.active_count() - before
    release.set()
    assert answers[8:] == ["does not answer (earlier questions still wait)"] * 4
    assert asking == 8


def test_a_question_that_breaks_is_answered_all_the_same() -> None:
    assert health._within(1, lambda: str(1 // 0)) == "cannot be asked (ZeroDivisionError)"


@pytest.mark.parametrize(
    ("celery", "redis"),
    [
        ("redis+socket:///tmp/a/b.sock", "unix:///tmp/a/b.sock?db=0"),
        ("redis+socket:///tmp/a/b.sock?virtual_host=3", "unix:///tmp/a/b.sock?db=3"),
        ("redis://broker:6379/1", "redis://broker:6379/1"),
    ],
)
def test_the_brokers_address_is_respelled_for_the_client(celery: str, redis: str) -> None:
    assert health.broker_address(celery) == redis


def test_a_real_worker_shows_a_heartbeat(client: Client, worker: Path) -> None:
    answer = client.get("/healthz").json()
    assert (answer["broker"], answer["worker"]) == ("ok", "ok")


def test_a_real_beat_shows_a_heartbeat_with_the_broker_gone(
    transactional_db: None, settings: Any, tmp_path: Path
) -> None:
    settings.BROKER_URL = "redis+socket:///nonexistent/broker.sock"
    log = tmp_path / "beat.log"
    beat = programs.celery("beat", log=log)
    try:
        programs.wait_for_heartbeat("beat", beat, log)
    finally:
        beat.kill()
        beat.wait()
