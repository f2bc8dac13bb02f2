"""What patients can read about their treatment: all topics, a search in them, one page, and all pages to print."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from .access import PatientRequest, patient_page
from .domain.education import PAGES, VERSION, EducationPage, page_named
from .domain.searching import LONGEST_QUESTION, Found, asked, find, plain

BEGIN, END = '<article class="prose">', "</article>"


@dataclass(frozen=True, slots=True)
class Hit:
    """A page in which a question was found."""

    page: EducationPage
    found: Found


def is_approved(request: PatientRequest) -> bool:
    """Whether the clinic stands behind the wording as it is now."""
    return request.clinic.education_approved_version == VERSION


@patient_page
def education(request: PatientRequest) -> HttpResponse:
    """The topics; with a question, where its words stand."""
    question = request.GET.get("q", "").strip()[:LONGEST_QUESTION]
    approved = is_approved(request)
    shown = {
        "pages": PAGES,
        "approved": approved,
        "question": question,
        "hits": _hits(request, question) if approved and question else [],
    }
    return render(request, "portal/education.html", shown)


@patient_page
def education_page(request: PatientRequest, slug: str) -> HttpResponse:
    page = page_named(slug)
    if page is None or not is_approved(request):
        raise Http404
    shown = {"page": page, "approved": True, "layout": "portal.html"}
    return render(request, f"portal/education/{page.slug}.html", shown)


@patient_page
def education_all(request: PatientRequest) -> HttpResponse:
    """Every page one after the other, to print."""
    if not is_approved(request):
        raise Http404
    shown = {"texts": [(page, _text(request, page)) for page in PAGES], "approved": True}
    return render(request, "portal/education_all.html", shown)


def _hits(request: PatientRequest, question: str) -> list[Hit]:
    words, hits = asked(question), []
    for page in PAGES:
        found = find(words, title=_(page.title), text=plain(_text(request, page)))
        if found is not None:
            hits.append(Hit(page, found))
    return sorted(hits, key=lambda hit: hit.found.rank)


def _text(request: PatientRequest, page: EducationPage) -> SafeString:
    """The words of one page in the reader's language, as its own template has them."""
    shown = {"page": page, "approved": True, "layout": "portal/education/_bare.html"}
    whole = render_to_string(f"portal/education/{page.slug}.html", shown, request)
    # Cut out of what our own template has just escaped.
    return mark_safe(whole.partition(BEGIN)[2].partition(END)[0])  # noqa: S308
