"""A preview and its confirmation: read what was asked, show what it would change, and change it when confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinics.access import StaffRequest
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right
from patients.actions import record_view
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.domain.soft import only_soft, rights_for
from scheduling.forms import AcceptForm
from scheduling.queries import Ask, CoursePlan, Step

from .forms import UNREADABLE, ConfirmForm, RowForm, WhyForm, fresh, row_forms
from .looking import rows
from .saying import telling

Asked = Callable[[CoursePlan], Ask | Refusal]
NO_PAGE = Refusal("unreadable", UNREADABLE)


@dataclass(slots=True)
class Preview:
    """One question about a series. ``asked`` reads it from the course as it stands; ``carried`` is what the page sends
    along unseen.
    """

    request: StaffRequest
    course: Any
    title: str
    button: str
    asked: Asked
    carried: dict[str, str]
    more: dict[str, Any] = field(default_factory=dict)
    forms: dict[int, RowForm] = field(default_factory=dict)

    def choices(self, plan: CoursePlan, ask: Ask, *, now: datetime, shown: bool) -> Ask:
        """The question with what a person chose for the later infusions; with ``shown`` also the times the page showed.
        A choice that cannot be had is said beside its field."""
        zone = plan.clinic.zone
        standing = [row.ordinal for row in plan.planned if row.state == "planned" and plan.visit_of(row)]
        later = [n for n in standing if n not in ask.seats and n > ask.ordinal]
        self.forms = {} if ask.alone else row_forms(later, zone=zone, typed=self.request.POST)
        after = queries.outlook(plan, ask, now=now)
        if isinstance(after, Refusal):
            return ask
        seats, held = dict(ask.seats), set()
        for n, form in self.forms.items():
            row = after.infusion(n)
            if not form.is_bound or not form.is_valid() or row is None or row.state != "planned":
                continue
            if form.cleaned_data["hold"]:
                held.add(n)
            elif form.starts is not None:
                moving = [visit.pk for visit in plan.visits if visit.planned_infusion_id]
                seat = queries.seat_at(after, row, form.starts, now=now, without=moving)
                if isinstance(seat, Refusal):
                    form.add_error("time", seat.message)
                else:
                    seats[n] = seat
            elif shown and form.shown is not None:
                seats[n] = form.shown
        return replace(ask, seats=seats, held=frozenset(held))

    def page(
        self, *, now: datetime, reasons: tuple[Refusal, ...] = (), status: int = 200, shown: bool = False
    ) -> HttpResponse:
        """The preview as the course stands now. Nothing is written."""
        plan = queries.read_plan(queries.course(self.request.clinic, self.course.pk))
        ask, steps = self._looked(plan, now=now, shown=shown)
        if isinstance(steps, Refusal):
            reasons, steps = (*reasons, steps), ()
        found = rows(plan, ask, steps, self.forms, now=now) if isinstance(ask, Ask) else []
        against = tuple(dict.fromkeys(r for step in steps for r in step.refusals))
        wrong = any(form.errors for form in self.forms.values() if form.is_bound)
        passing = only_soft(against) and self._may_pass(against)
        decides = isinstance(ask, Ask) and ask.decision is not None
        context = {
            "course": self.course,
            "patient": self.course.patient,
            "title": self.title,
            "button": self.button,
            "rows": found,
            "bringing": [row for row in found if row.brings_changed],
            "reasons": list(dict.fromkeys(each.message for each in reasons)),
            "carried": self.carried,
            "why": self._why(),
            "confirm": ConfirmForm(initial=fresh(actions.versions_shown(plan))),
            "accept": self._accept(against) if passing else None,
            "may_decide": not decides or self.request.membership.may(Right.PRESCRIBE),
            "telling": telling(plan, [row.step for row in found if row.moves], now=now),
            "can_confirm": bool(found) and not wrong and (not against or passing),
            "decision": ask.decision if isinstance(ask, Ask) else None,
            **self.more,
        }
        record_view(patient=self.course.patient, by=self.request.user, page="preview of a series")
        return render(self.request, "series/preview.html", context, status=status if not wrong else 422)

    def _looked(
        self, plan: CoursePlan, *, now: datetime, shown: bool
    ) -> tuple[Ask | Refusal, tuple[Step, ...] | Refusal]:
        ask = self.asked(plan)
        if isinstance(ask, Refusal):
            return ask, ask
        ask = self.choices(plan, ask, now=now, shown=shown)
        steps = queries.series(plan, ask, now=now)
        return ask, steps

    def _why(self) -> WhyForm:
        """The reason as it was typed; what is wrong with it is said once it is confirmed."""
        if "confirm" in self.request.POST:
            return WhyForm(self.request.POST)
        return WhyForm(initial={"reason": self.request.POST.get("reason", "").strip()[:250]})

    def _may_pass(self, against: tuple[Refusal, ...]) -> bool:
        needed = rights_for(each.code for each in against)
        return all(self.request.membership.may(right) for right in needed)

    def _accept(self, against: tuple[Refusal, ...]) -> AcceptForm:
        codes = ",".join(sorted({each.code for each in against}))
        typed = self.request.POST
        if "accept" in typed and "confirm" in typed:
            return AcceptForm({**typed.dict(), "accept": codes})
        return AcceptForm(initial={"accept": codes})

    def confirmed(self, write: Callable[..., Any], *, now: datetime) -> HttpResponse | None:
        """Do what was confirmed, or show the preview anew with the reasons; None where it is done."""
        form, why = ConfirmForm(self.request.POST), WhyForm(self.request.POST)
        if not form.is_valid() or form.shown is None:
            return self.page(now=now, reasons=(NO_PAGE,), status=422)
        if not why.is_valid():
            return self.page(now=now, status=422, shown=True)
        plan = queries.read_plan(queries.course(self.request.clinic, self.course.pk))
        ask = self.asked(plan)
        if not isinstance(ask, Refusal):
            ask = self.choices(plan, ask, now=now, shown=True)
            if any(each.errors for each in self.forms.values() if each.is_bound):
                return self.page(now=now, status=422)
        seats: Mapping[int, Seat] = {} if isinstance(ask, Refusal) else ask.seats
        held = frozenset() if isinstance(ask, Refusal) else ask.held
        try:
            write(
                seats=seats,
                held=held,
                versions=form.shown,
                batch=form.cleaned_data["batch"],
                reason=why.cleaned_data["reason"],
                accepted=AcceptForm(self.request.POST).accepted,
                by=self.request.user,
                now=now,
            )
        except Refused as refused:
            return self.page(now=timezone.now(), reasons=refused.reasons, status=409)
        return None
