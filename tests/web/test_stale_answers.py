"""A page that was left open answers for the visit it showed, and never for the one that is next by now."""

from uuid import uuid4

import pytest
from django.urls import reverse

from scheduling.models import VisitAnswer
from tests import factory
from tests.web.test_portal import enter, in_days

pytestmark = pytest.mark.django_db
GONE = "This visit is cancelled already. Nothing else was changed."
CHANGED = "Your visit has changed meanwhile, and nothing was sent. Here you see what stands now."


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
    assert [str(each) for each in answered.context["messages"]] == [GONE]
    assert answered.context["visit"] == second


def test_cancelling_twice_is_answered_kindly_and_cancels_no_other(client, clinic, ana):
    """A double click, then Back and once more, then a page that another tab had open."""
    first, second = (
        factory.make_visit(ana, starts_at=in_days(clinic, days), kind="follow_up") for days in (10, 20)
    )
    browser = enter(client, ana)
    address = reverse("portal:cannot_come")
    sent, other_tab = (sent_by(browser.get(address), reason="travel") for _ in range(2))
    said = []
    for form in (sent, sent, other_tab, {**other_tab, "visit": "9" * 30}):
        answered = browser.post(address, form, follow=True)
        assert answered.redirect_chain == [(reverse("portal:home"), 302)]
        said.append([str(each) for each in answered.context["messages"]])
    done = ["Your visit is cancelled. We call you to find another time."]
    assert said == [done, done, [GONE], [CHANGED]]
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status, VisitAnswer.objects.of(clinic).count()) == ("cancelled", "booked", 1)


def test_cancelling_the_only_visit_twice_is_answered_kindly(client, clinic, ana):
    factory.make_visit(ana, starts_at=in_days(clinic, 10), kind="follow_up")
    browser = enter(client, ana)
    address = reverse("portal:cannot_come")
    sent = sent_by(browser.get(address), reason="travel")
    answers = [browser.post(address, form) for form in (sent, sent, {**sent, "key": str(uuid4())})]
    assert [each.url for each in answers] == [reverse("portal:home")] * 3
    assert browser.get(address).status_code == 200
