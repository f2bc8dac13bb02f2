"""Two addresses that say how the installation is: one for probes, one for people."""

import threading
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import redis
from django.conf import settings
from django.db import Error, connections
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

from infusion import pulse

OK = "ok"
STALE_AFTER = 60.0  # seconds without a heartbeat after which a background program counts as gone
DATABASE_DEADLINE = 2.0  # seconds
BROKER_DEADLINE = 0.6  # seconds: a quarter each to connect and to answer, and a little more
BROKER_TIMEOUT = 0.25  # seconds

# How many probes may hang at once: a database that swallows questions must not also swallow threads.
_places = threading.BoundedSemaphore(8)


@never_cache
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """Whether this process serves pages: web and database. Meant for the proxy's and compose's probes."""
    return _answer({"web": OK, "database": _database()[0]})


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether everything works: web, database, broker, worker and beat, each "ok" or the reason why not.

    200 only when all are well, else 503; booking may well go on meanwhile.
    """
    database, ages = _database()
    return _answer(
        {
            "web": OK,
            "database": database,
            "broker": _broker(),
            "worker": _heartbeat(ages, "worker"),
            "beat": _heartbeat(ages, "beat"),
        }
    )


def _answer(report: dict[str, str]) -> JsonResponse:
    well = all(state == OK for state in report.values())
    return JsonResponse(report, status=200 if well else 503)


def _database() -> tuple[str, dict[str, float | None]]:
    ages: dict[str, float | None] = {}

    def ask() -> str:
        try:
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT 1")
            ages.update(pulse.ages("worker", "beat"))
        except Error as problem:
            return f"does not answer ({type(problem).__name__})"
        finally:
            connections.close_all()
        return OK

    return _within(DATABASE_DEADLINE, ask), ages


def _broker() -> str:
    if not settings.BROKER_URL:
        return "is not configured"

    def ask() -> str:
        try:
            with redis.Redis.from_url(
                broker_address(settings.BROKER_URL),
                socket_timeout=BROKER_TIMEOUT,
                socket_connect_timeout=BROKER_TIMEOUT,
                retry=Retry(NoBackoff(), 0),
            ) as client:
                client.ping()
        except (redis.RedisError, OSError, ValueError) as problem:
            return f"does not answer ({type(problem).__name__})"
        return OK

    return _within(BROKER_DEADLINE, ask)


def _heartbeat(ages: dict[str, float | None], program: str) -> str:
    if program not in ages:
        return "is unknown while the database does not answer"
    age = ages[program]
    if age is None:
        return "has shown no heartbeat"
    if age >= STALE_AFTER:
        return f"has shown no heartbeat for {age:.0f} seconds"
    return OK


def _within(seconds: float, ask: Callable[[], str]) -> str:
    """The answer, or words saying that it did not come in time. The question runs in a thread of its
    own with its own database link, because nothing else can leave a driver that waits for a hung server."""
    answers: list[str] = []

    def run() -> None:
        try:
            answers.append(ask())
        except Exception as problem:  # the page's one promise is that it always answers
            answers.append(f"cannot be asked ({type(problem).__name__})")
        finally:
            _places.release()

    if not _places.acquire(blocking=False):
        return "does not answer (earlier questions still wait)"
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else f"did not answer within {seconds:g} seconds"


def broker_address(celery_url: str) -> str:
    """The broker's address in redis-py's spelling: Celery writes a unix socket differently."""
    parts = urlsplit(celery_url)
    if parts.scheme != "redis+socket":
        return celery_url
    db = parse_qs(parts.query).get("virtual_host", ["0"])[0]
    return f"unix://{parts.path}?db={db}"
