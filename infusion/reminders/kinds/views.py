"""The screen on which a clinic settles its kinds of messages."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpResponse
from django.shortcuts import redirect, render

from clinics.access import StaffRequest, staff
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.domain.spans import STALE
from clinics.forms.refusals import show_refusal

from .. import actions, queries
from .forms import KindsForm


@staff(Right.MANAGE_CLINIC)
def kinds(request: StaffRequest) -> HttpResponse:
    """Which messages patients get, when and by which way, the quiet hours, and whom mails come from."""
    clinic, mark = request.clinic, actions.kinds_mark(request.clinic)
    standing = ("quiet_from", "quiet_until", "sender_name")
    initial = {"seen": mark} | {name: getattr(clinic, name) for name in standing}
    sent = request.POST if request.method == "POST" else None
    form = KindsForm(sent, working=queries.kinds_as_they_work(clinic), initial=initial)
    if sent is not None and form.is_valid() and _save(request, form):
        return redirect("kinds:list")
    stale = form.has_error(NON_FIELD_ERRORS, STALE.code)
    shown = {"form": form, "mark": mark if stale else form["seen"].value()}
    return render(request, "kinds/list.html", shown, status=422 if form.errors else 200)


def _save(request: StaffRequest, form: KindsForm) -> bool:
    """Let what was typed hold; False where it was refused."""
    try:
        actions.change_kinds(
            clinic=request.clinic,
            kinds=form.kinds,
            quiet=form.quiet,
            sender=form.cleaned_data["sender_name"],
            seen=form.cleaned_data["seen"],
            by=request.user,
        )
    except Refused as refused:
        show_refusal(form, refused)
        return False
    messages.success(request, "Saved. It holds for messages that fall due from now on.")
    return True
