"""Fixtures for journeys: the system's Chromium before the real site, wide, and as narrow as a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests import parts

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How the browser is started: the system's own, never one the driver would download."""
    return {"executable_path": parts.chromium(), "args": parts.BROWSER_ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(live_server: Any) -> dict[str, Any]:
    """What every window starts with; pages are opened by path alone."""
    return {"base_url": live_server.url, "viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}


def _watched(page: Page) -> list[str]:
    """Collects what a browser complains about and no page of ours may cause."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "violates" in message.text:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page 1280 px wide. Script errors and refusals by the content security policy fail the test."""
    page = context.new_page()
    complaints = _watched(page)
    yield page
    assert complaints == []


@pytest.fixture
def phone(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A page on a phone, 390 px wide, in a window of its own: another person's, signed in apart."""
    narrow = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**{**browser_context_args, **narrow})
    page = context.new_page()
    complaints = _watched(page)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """Checks the page as it stands: no accessibility rule of axe may be violated."""

    def check(page: Page) -> None:
        results = Axe().run(page)
        assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"

    return check
