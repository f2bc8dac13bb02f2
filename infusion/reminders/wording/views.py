"""Screens of a clinic's own words."""

from __future__ import annotations

from dataclasses import asdict

from allauth.core.ratelimit import consume
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.domain.spans import STALE
from clinics.forms.refusals import show_refusal

from .. import actions, queries
from ..domain.kinds import BY_CODE, FOR_PATIENTS
from ..domain.texts import MOST_PARTS, parts, widening
from ..domain.wording import PRIVATE, STANDARD, WORDED, OwnWords
from ..post import Answer, Fate
from ..words import Sample, sample
from .forms import WordingForm


@staff(Right.MANAGE_CLINIC)
def kinds(request: StaffRequest) -> HttpResponse:
    """Every message a patient can get, and in which languages the clinic has words of its own."""
    own = queries.worded(request.clinic)
    rows = [
        (kind, [(code, name, own.get((kind.code, code))) for code, name in settings.LANGUAGES])
        for kind in FOR_PATIENTS
    ]
    return render(request, "wording/list.html", {"rows": rows, "zone": request.clinic.zone})


@staff(Right.MANAGE_CLINIC)
def wording(request: StaffRequest, kind: str, language: str) -> HttpResponse:
    """The clinic's words for one message: looked at, sent as a test, and saved."""
    if kind not in WORDED or language not in dict(settings.LANGUAGES):
        raise Http404
    history = list(queries.wordings(request.clinic, kind, language)[:20])
    standing = history[0].words if history else STANDARD
    version = history[0].version if history else 0
    sent = request.POST if request.method == "POST" else None
    form = WordingForm(sent, kind=kind, language=language, initial={**asdict(standing), "seen": version})
    shown = standing
    if sent is not None and form.is_valid() and _are_sound(request, form, kind, language):
        shown = form.words
        if "save" in sent:
            if _save(request, form, kind, language):
                return redirect("wording:change", kind=kind, language=language)
        elif "test" in sent:
            _test(request, kind, language, shown)
        elif "test_text" in sent:
            _test_text(request, form, kind, language)
    context = {
        "form": form,
        "kind": BY_CODE[kind],
        "language": (language, dict(settings.LANGUAGES)[language]),
        "history": history,
        "standing": standing,
        "seen": version if form.has_error(NON_FIELD_ERRORS, STALE.code) else form["seen"].value(),
        **_previewed(request, kind, language, shown),
        "status": PRIVATE["status"],
        "source": PRIVATE["source"],
        "zone": request.clinic.zone,
    }
    return render(request, "wording/change.html", context, status=422 if form.errors else 200)


def _sample(request: StaffRequest, kind: str, language: str, own: OwnWords) -> Sample:
    return sample(kind=kind, clinic=request.clinic, language=language, own=own, now=timezone.now())


def _previewed(request: StaffRequest, kind: str, language: str, own: OwnWords) -> dict[str, object]:
    """The message as an invented patient would get it, and what its text message costs."""
    shown = _sample(request, kind, language, own)
    return {
        "sample": shown.mail,
        "text": shown.text,
        "parts": parts(shown.text),
        "worst": shown.most_parts,
        "most_parts": MOST_PARTS,
        "widening": " ".join(widening(shown.text)),
    }


def _are_sound(request: StaffRequest, form: WordingForm, kind: str, language: str) -> bool:
    try:
        actions.check_wording(
            clinic=request.clinic, kind=kind, language=language, words=form.words, now=timezone.now()
        )
    except Refused as refused:
        show_refusal(form, refused)
        return False
    return True


def _save(request: StaffRequest, form: WordingForm, kind: str, language: str) -> bool:
    """Let the words hold; False where they were refused."""
    try:
        actions.write_wording(
            clinic=request.clinic,
            kind=kind,
            language=language,
            words=form.words,
            seen=form.cleaned_data["seen"],
            by=request.user,
            now=timezone.now(),
        )
    except Refused as refused:
        show_refusal(form, refused)
        return False
    said = "Saved. Messages sent from now on have these words."
    if form.words.is_standard:
        said = "Saved. Messages sent from now on have the standard text."
    messages.success(request, said)
    return True


def _may_test(request: StaffRequest) -> bool:
    """Whether a colleague may send one more: a few an hour, mails and texts together."""
    if consume(request, action="test_message", user=request.user):
        return True
    messages.error(request, "No more tests for now. Try again in an hour; the preview below has no limit.")
    return False


def _test(request: StaffRequest, kind: str, language: str, own: OwnWords) -> None:
    """Send what was typed to the colleague who typed it."""
    if not _may_test(request):
        return
    answer = actions.send_test(
        clinic=request.clinic,
        kind=kind,
        language=language,
        words=_sample(request, kind, language, own).mail,
        by=request.user,
    )
    _say(request, answer, request.user.email)


def _test_text(request: StaffRequest, form: WordingForm, kind: str, language: str) -> None:
    """Send what was typed as a text message to the number typed beside it."""
    if "number" not in form.fields or not _may_test(request):
        return
    number = form.cleaned_data["number"]
    try:
        answer = actions.send_test_text(
            clinic=request.clinic,
            kind=kind,
            language=language,
            text=_sample(request, kind, language, form.words).text,
            number=number,
            by=request.user,
        )
    except Refused as refused:
        show_refusal(form, refused)
    else:
        _say(request, answer, number)


def _say(request: StaffRequest, answer: Answer, to: str) -> None:
    if answer.fate is Fate.TAKEN:
        messages.success(request, f"A test went to {to}. Nothing was saved.")
    else:
        messages.error(request, f"The test could not be sent: {answer.why}")
