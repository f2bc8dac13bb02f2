"""What runs by the clock exists, and a broker that is away never holds anybody up."""

import time

import pytest
from kombu.exceptions import OperationalError

from infusion.celery import app, by_the_clock


def seconds_to_refuse(broker_url: str) -> float:
    began = time.monotonic()
    with app.connection_for_write(url=broker_url) as connection, pytest.raises(OperationalError):
        app.send_task("infusion.reminders.tasks.sweep", connection=connection, retry=False)
    return time.monotonic() - began


def test_every_task_that_runs_by_the_clock_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in by_the_clock().values()} - set(app.tasks) == set()


def test_a_nudge_expires_with_its_period() -> None:
    assert [entry["options"]["expires"] for entry in by_the_clock().values()] == [
        entry["schedule"] for entry in by_the_clock().values()
    ]


def test_a_hung_broker_is_given_up_at_once(hung_broker: str) -> None:
    assert seconds_to_refuse(hung_broker) < 1.0


def test_a_broker_that_is_gone_is_given_up_at_once() -> None:
    assert seconds_to_refuse("redis+socket:///nonexistent/broker.sock") < 1.0
