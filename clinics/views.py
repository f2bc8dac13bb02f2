"""Screens of the clinics room: the audit trail, the clinic's people, and what a failed form check shows."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from . import actions, queries
from .access import StaffRequest, staff
from .domain.refusals import Refused
from .domain.rights import Right, Role
from .forms import MemberForm, RoleForm


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page's form was too old or came from elsewhere; nothing was saved."""
    return render(request, "403_csrf.html", status=403)


@staff(Right.VIEW_AUDIT)
def audit(request: StaffRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:100].replace("\x00", "")
    number = request.GET.get("record", "").strip()[:40].replace("\x00", "")
    rows = queries.audit_trail(request.clinic, words=words, record_number=number)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "clinics/audit.html", {"page": page, "q": words, "record": number})


@staff(Right.CLOSE_TASKS)
def close_task(request: StaffRequest, pk: int) -> HttpResponse:
    task = queries.task(request.clinic, pk)
    if request.method == "POST":
        typed = request.POST.get("outcome", "")[:2000]
        try:
            actions.close_task(task=task, outcome=typed, by=request.user, now=timezone.now())
        except Refused as refused:
            return render(
                request,
                "clinics/task.html",
                {"task": task, "reasons": refused.reasons, "typed": typed},
                status=422,
            )
        messages.success(request, "Task closed.")
        return redirect("desk:worklist")
    return render(request, "clinics/task.html", {"task": task})


@staff(Right.VIEW_PATIENTS)
def own(request: StaffRequest) -> HttpResponse:
    """A colleague's own settings: whether the morning mail goes to them."""
    if request.method == "POST":
        wanted = request.POST.get("digest") == "on"
        actions.choose_digest(member=request.membership, wanted=wanted, by=request.user)
        messages.success(request, "Saved.")
        return redirect("clinics:own")
    return render(request, "clinics/own.html", {"member": request.membership})


@staff(Right.MANAGE_CLINIC)
def people(request: StaffRequest) -> HttpResponse:
    form = MemberForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            member, new = actions.add_member(
                clinic=request.clinic,
                by=request.user,
                today=timezone.now().astimezone(request.clinic.zone).date(),
                **form.cleaned_data,
            )
        except Refused as refused:
            for reason in refused.reasons:
                form.add_error(reason.field or None, reason.message)
        else:
            how = (
                " They choose a password under “Set or forgot your password” on the sign-in page."
                if new
                else ""
            )
            messages.success(request, f"{member.user} works here now.{how}")
            return redirect("clinics:people")
    shown = {"form": form, "members": queries.members(request.clinic), "roles": list(Role)}
    return render(request, "clinics/people.html", shown, status=422 if form.is_bound else 200)


@require_POST
@staff(Right.MANAGE_CLINIC)
def change_member(request: StaffRequest, pk: int) -> HttpResponse:
    member = queries.or_404(queries.members(request.clinic), pk=pk)
    try:
        if "reset" in request.POST:
            actions.reset_second_factor(member=member, by=request.user)
        else:
            form = RoleForm(request.POST)
            if not form.is_valid():
                messages.error(request, "Choose one of the roles.")
                return redirect("clinics:people")
            actions.change_member(member=member, by=request.user, **form.cleaned_data)
    except Refused as refused:
        for reason in refused.reasons:
            messages.error(request, reason.message)
    else:
        messages.success(request, f"Saved for {member.user}.")
    return redirect("clinics:people")
