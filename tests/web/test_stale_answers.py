"""A page that was left open answers for the visit it showed, and never for the one that is next by now."""

import pytest
from django.urls import reverse

from scheduling.models import VisitAnswer
from tests import factory
from tests.web.test_portal import enter, in_days

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return factory.make_clinic(portal_moves="book", portal_notice_hours=24)


@pytest.fixture
def ana(clinic):
    return factory.make_patient(clinic, given_name="Ana", email="ana@example.org")


def sent_by(page, **typed):
    """What the page's own hidden fields send, and what is typed."""
    field = page.context.get("form")
    if field is None:
        visit = page.context["visit"]
        return {"key": page.context["answer_key"], "visit": visit.pk, "version": visit.version, **typed}
    hidden = {each.name: each.value() for each in field.hidden_fields()}
    return {**hidden, **typed}


@pytest.mark.parametrize(
    ("shown", "answer", "typed"),
    [
        ("home", "confirm", {}),
        ("cannot_come", "cannot_come", {"reason": "travel"}),
        ("other_time", "other_time", {"words": "Only on Fridays"}),
    ],
)
def test_stale_page_does_not_answer_for_another_visit(client, clinic, ana, shown, answer, typed):
    first, second = (
        factory.make_visit(ana, starts_at=in_days(clinic, days), kind="follow_up") for days in (10, 20)
    )
    browser = enter(client, ana)
    sent = sent_by(browser.get(reverse(f"portal:{shown}")), **typed)
    factory.change_visit(first, "cancelled", status="cancelled")
    answered = browser.post(reverse(f"portal:{answer}"), sent, follow=True)
    second.refresh_from_db()
    assert (second.status, VisitAnswer.objects.of(clinic).count()) == ("booked", 0)
    assert "Your visit has changed meanwhile." in answered.content.decode()
    assert answered.context["visit"] == second
