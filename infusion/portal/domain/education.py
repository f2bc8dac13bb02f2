"""What patients can read about their treatment: the pages, their order, and the version a clinic approves.

The words stand in ``templates/portal/education/<slug>.html``. A change of a page's meaning raises that page's
version; the version of the whole text follows from the pages, so an approval of older words lapses.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class EducationPage:
    """One page: its address, its title, one sentence on what is in it, and the version of its wording."""

    slug: str
    title: str
    summary: str
    version: int = 1

    @property
    def following(self) -> EducationPage | None:
        """The page to read next, or None after the last one."""
        place = PAGES.index(self) + 1
        return PAGES[place] if place < len(PAGES) else None


PAGES: tuple[EducationPage, ...] = (
    EducationPage(
        "treatment", "What the treatment is", "What rituximab does in the body, and how often it is given."
    ),
    EducationPage("reason", "Why it is given", "Seven illnesses with one thing in common."),
    EducationPage("session", "How a session goes", "Step by step, from the door to going home."),
    EducationPage("before", "Before you come", "What to do, what to bring, and when not to come."),
    EducationPage("benefits", "What it may do for you", "What to hope for, and how long it takes."),
    EducationPage("side-effects", "Possible side effects", "What is common, what is rare, and when to call."),
    EducationPage(
        "vaccines-pregnancy", "Vaccines, pregnancy and breastfeeding", "What to plan ahead of time."
    ),
    EducationPage(
        "label", "On and off the drug’s label", "Which uses the authorities have approved, and which not."
    ),
    EducationPage("questions", "Usual questions", "Short answers to what people ask most."),
    EducationPage("contact", "Whom to call", "Today, tonight, or in an emergency."),
)


def page_named(slug: str) -> EducationPage | None:
    """The page with this address, or None where there is none."""
    return next((page for page in PAGES if page.slug == slug), None)


def version_of(pages: tuple[EducationPage, ...]) -> str:
    """A short code for a whole text, at most 40 letters: another once a page comes, goes or is reworded."""
    written = ";".join(f"{page.slug}={page.version}" for page in pages)
    return f"{sum(page.version for page in pages)}-{sha256(written.encode()).hexdigest()[:8]}"


VERSION = version_of(PAGES)
