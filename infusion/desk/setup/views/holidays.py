"""Whose public holidays close the clinic."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from clinics import actions, queries
from clinics.access import StaffRequest, staff
from clinics.domain.rights import Right
from clinics.forms import HolidaysForm
from infusion.desk.setup.saving import is_sent, mark_of, settle

from .asked import status_of, today_of


@staff(Right.MANAGE_CLINIC)
def holidays(request: StaffRequest) -> HttpResponse:
    """Choose a country and a region, look at their coming holidays, then save them."""
    form = _form(request)
    if is_sent(request) and form.is_valid():
        change = partial(actions.change_holidays, clinic=request.clinic, by=request.user, **form.cleaned_data)
        answer = settle(
            request,
            change,
            title="Change the public holidays",
            said="The public holidays are saved.",
            back_to=reverse("setup:holidays"),
            form=form,
        )
        if answer is not None:
            return answer
    chosen = form.chosen
    shown = {
        "form": form,
        "chosen": chosen,
        "mark": mark_of(request, form, actions.holidays_mark(request.clinic)),
        "is_saved": chosen == (request.clinic.country, request.clinic.region),
        "coming": queries.coming_holidays(*chosen, today=today_of(request)),
        "country_name": queries.country_names().get(chosen[0], ""),
        "region_name": (queries.region_names(chosen[0]) or {}).get(chosen[1], ""),
    }
    return render(request, "desk/setup/holidays.html", shown, status=status_of(request))


def _form(request: StaffRequest) -> HolidaysForm:
    """What was sent to be saved, else what was chosen to be looked at, else what stands."""
    standing = {"country": request.clinic.country, "region": request.clinic.region}
    asked = request.POST if request.method == "POST" else request.GET
    given = {name: asked.get(name, "") for name in ("country", "region", "seen")}
    if request.method != "POST" and "country" not in request.GET:
        given = standing
    regions = queries.region_names(given["country"]) or {}
    if request.method != "POST" and given["region"] not in regions:
        # Another country was chosen: the region of the one before means nothing in it.
        given["region"] = ""
    return HolidaysForm(given, countries=queries.country_names(), regions=regions)
