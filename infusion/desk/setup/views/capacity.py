"""The rules by which the search for times counts."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from clinics import actions
from clinics.access import StaffRequest, staff
from clinics.domain.attention import RULES
from clinics.domain.rights import Right
from clinics.forms import RulesForm
from infusion.desk.setup.saving import is_sent, mark_of, settle
from scheduling.queries import learned_lengths

from .asked import status_of, typed


@staff(Right.MANAGE_CLINIC)
def rules(request: StaffRequest) -> HttpResponse:
    """Slots, attention, preparations, held windows and the waiting list."""
    mark = actions.rules_mark(request.clinic)
    standing = {name: getattr(request.clinic, name) for name in RULES}
    form = RulesForm(typed(request), initial=standing | {"seen": mark})
    if is_sent(request) and form.is_valid():
        change = partial(
            actions.change_rules,
            clinic=request.clinic,
            rules=form.rules,
            seen=form.cleaned_data["seen"],
            by=request.user,
        )
        answer = settle(
            request,
            change,
            title="Change the capacity rules",
            said="The capacity rules are saved.",
            back_to=reverse("setup:rules"),
            form=form,
        )
        if answer is not None:
            return answer
    learned = learned_lengths(request.clinic)
    shown = {"form": form, "mark": mark_of(request, form, mark), "learned": learned}
    return render(request, "desk/setup/rules.html", shown, status=status_of(request))
