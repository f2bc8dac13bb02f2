"""Every address × every role × another clinic's object: refused with 403 or 404, and a new address must be listed."""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from clinics.domain.rights import Right, Role, may
from patients.models import PortalAccess
from tests import factory
from tests.belongings import objects_of, waiting_for

pytestmark = pytest.mark.django_db
R = Right
# Address → the right it asks for, and the names of the objects in it.
STAFF: dict[str, tuple[Right, tuple[str, ...]]] = {
    "clinics:audit": (R.VIEW_AUDIT, ()),
    "clinics:task": (R.CLOSE_TASKS, ("task",)),
    "clinics:own": (R.VIEW_PATIENTS, ()),
    "clinics:people": (R.MANAGE_CLINIC, ()),
    "clinics:change_member": (R.MANAGE_CLINIC, ("member",)),
    "patients:list": (R.VIEW_PATIENTS, ()),
    "patients:add": (R.EDIT_PATIENTS, ()),
    "patients:detail": (R.VIEW_PATIENTS, ("patient",)),
    "patients:edit": (R.EDIT_PATIENTS, ("patient",)),
    "patients:background": (R.VIEW_PATIENTS, ("patient",)),
    "patients:add_diagnosis": (R.CONFIRM_DIAGNOSIS, ("patient",)),
    "patients:measure": (R.RECORD_RESULTS, ("patient",)),
    "patients:add_medicine": (R.RECORD_RESULTS, ("patient",)),
    "patients:change_medicine": (R.RECORD_RESULTS, ("patient", "medicine")),
    "patients:add_earlier_infusion": (R.RECORD_HISTORY, ("patient",)),
    "patients:address_works": (R.EDIT_PATIENTS, ("patient",)),
    "patients:deceased": (R.EDIT_PATIENTS, ("patient",)),
    "patients:wishes": (R.BOOK, ("patient",)),
    "patients:invite": (R.INVITE_PATIENT, ("patient",)),
    "patients:revoke": (R.INVITE_PATIENT, ("patient", "access")),
    "patients:decide_diagnosis": (R.CONFIRM_DIAGNOSIS, ("diagnosis",)),
    "regimens:list": (R.VIEW_REGIMENS, ()),
    "regimens:load": (R.APPROVE_REGIMEN, ()),
    "regimens:detail": (R.VIEW_REGIMENS, ("regimen",)),
    "regimens:approve": (R.APPROVE_REGIMEN, ("regimen",)),
    "regimens:compare": (R.VIEW_REGIMENS, ("regimen",)),
    "regimens:edit": (R.EDIT_REGIMEN, ("regimen",)),
    "evaluation:requirements": (R.VIEW_PATIENTS, ()),
    "evaluation:rule": (R.APPROVE_REGIMEN, ("setting",)),
    "evaluation:open": (R.EDIT_EVALUATION, ("diagnosis",)),
    "evaluation:detail": (R.VIEW_PATIENTS, ("evaluation",)),
    "evaluation:verdict": (R.VIEW_PATIENTS, ("evaluation",)),
    "evaluation:sign": (R.SIGN_CLEARANCE, ("evaluation",)),
    "evaluation:close": (R.EDIT_EVALUATION, ("evaluation",)),
    "evaluation:withdraw": (R.SIGN_CLEARANCE, ("clearance",)),
    "evaluation:panel": (R.VIEW_PATIENTS, ("patient",)),
    "evaluation:results": (R.VIEW_PATIENTS, ("patient",)),
    "evaluation:record": (R.VIEW_PATIENTS, ("patient",)),
    "evaluation:check": (R.VIEW_PATIENTS, ("patient",)),
    "evaluation:check_verdict": (R.VIEW_PATIENTS, ("patient",)),
    "evaluation:correct": (R.VIEW_PATIENTS, ("result",)),
    "evaluation:scores": (R.RECORD_RESULTS, ("patient",)),
    "evaluation:score": (R.RECORD_RESULTS, ("patient", "score")),
    "evaluation:score_live": (R.RECORD_RESULTS, ("patient", "score")),
    "evaluation:correct_score": (R.RECORD_RESULTS, ("result",)),
    "scheduling:panel": (R.VIEW_PATIENTS, ("patient",)),
    "scheduling:prescribe": (R.PRESCRIBE, ("clearance",)),
    "scheduling:course": (R.VIEW_PATIENTS, ("course",)),
    "scheduling:start": (R.PRESCRIBE, ("course",)),
    "scheduling:stop": (R.PRESCRIBE, ("course",)),
    "scheduling:renew": (R.PRESCRIBE, ("course",)),
    "scheduling:retreat": (R.PRESCRIBE, ("course",)),
    "scheduling:version": (R.PRESCRIBE, ("course",)),
    "scheduling:recompute": (R.RECORD_HISTORY, ("course",)),
    "scheduling:co_therapy": (R.RECORD_HISTORY, ("course", "code")),
    "scheduling:enter_instruction": (R.PRESCRIBE, ("course",)),
    "scheduling:change_instruction": (R.PRESCRIBE, ("instruction",)),
    "scheduling:end_instruction": (R.PRESCRIBE, ("instruction",)),
    "scheduling:pair": (R.BOOK, ("course",)),
    "scheduling:hold": (R.BOOK, ("course",)),
    "scheduling:rates": (R.PRESCRIBE, ("planned",)),
    "scheduling:release": (R.BOOK, ("planned",)),
    "scheduling:single": (R.BOOK, ("planned",)),
    "scheduling:free": (R.BOOK, ()),
    "scheduling:visit": (R.VIEW_PATIENTS, ("visit",)),
    "scheduling:move": (R.BOOK, ("visit",)),
    "scheduling:cancel": (R.BOOK, ("visit",)),
    "series:move": (R.BOOK, ("visit",)),
    "series:decide": (R.PRESCRIBE, ("planned",)),
    "series:undo": (R.BOOK, ("change",)),
    "scheduling:request": (R.BOOK, ("asked",)),
    "scheduling:waiting": (R.VIEW_PATIENTS, ()),
    "scheduling:freed": (R.BOOK, ()),
    "scheduling:wait": (R.BOOK, ("planned",)),
    "scheduling:leave": (R.BOOK, ("entry",)),
    "scheduling:answer": (R.BOOK, ("offer",)),
    "bedside:page": (R.VIEW_PATIENTS, ("visit",)),
    "bedside:live": (R.VIEW_PATIENTS, ("visit",)),
    "bedside:add": (R.TREAT, ("visit", "kind")),
    "bedside:correct": (R.TREAT, ("visit", "entry_of_chart")),
    "gates:ahead": (R.VIEW_PATIENTS, ()),
    "gates:opened": (R.VIEW_PATIENTS, ()),
    "gates:sheet": (R.VIEW_PATIENTS, ("visit",)),
    "gates:open": (R.SIGN_CLEARANCE, ("visit",)),
    "gates:ask": (R.RUN_DAY, ("visit",)),
    "gates:called": (R.RECORD_RESULTS, ("visit",)),
    "gates:withdraw": (R.SIGN_CLEARANCE, ("override",)),
    "treatment:arrive": (R.RUN_DAY, ("visit",)),
    "treatment:start": (R.TREAT, ("visit",)),
    "treatment:finish": (R.TREAT, ("visit",)),
    "treatment:complete": (R.RUN_DAY, ("visit",)),
    "treatment:no_show": (R.RUN_DAY, ("visit",)),
    "treatment:undo": (R.RUN_DAY, ("visit",)),
    "monitoring:list": (R.VIEW_PATIENTS, ()),
    "monitoring:panel": (R.VIEW_PATIENTS, ("patient",)),
    "monitoring:book": (R.BOOK, ("follow_up",)),
    "monitoring:close": (R.RUN_DAY, ("follow_up",)),
    "monitoring:decide": (R.PRESCRIBE, ("follow_up",)),
    "monitoring:rules": (R.VIEW_PATIENTS, ()),
    "monitoring:book_check": (R.BOOK, ("patient", "rule")),
    "monitoring:close_watch": (R.RECORD_RESULTS, ("patient", "rule")),
    "monitoring:reopen_watch": (R.RECORD_RESULTS, ("patient", "rule")),
    "monitoring:health_check": (R.VIEW_PATIENTS, ("visit",)),
    "monitoring:reports": (R.ANSWER_REPORTS, ()),
    "monitoring:report": (R.ANSWER_REPORTS, ("report",)),
    "monitoring:read": (R.ANSWER_REPORTS, ("report",)),
    "monitoring:answer": (R.ANSWER_REPORTS, ("report",)),
    "reminders:for_patient": (R.VIEW_PATIENTS, ("patient",)),
    "reminders:wishes": (R.BOOK, ("patient",)),
    "reminders:message": (R.VIEW_PATIENTS, ("message",)),
    "reminders:letter": (R.VIEW_PATIENTS, ("message",)),
    "ledger:list": (R.VIEW_PATIENTS, ()),
    "ledger:again": (R.RUN_DAY, ("message",)),
    "interop:upload": (R.IMPORT_PATIENTS, ()),
    "interop:batch": (R.IMPORT_PATIENTS, ("batch",)),
    "interop:confirm": (R.IMPORT_PATIENTS, ("batch",)),
    "interop:give_up": (R.IMPORT_PATIENTS, ("batch",)),
    "interop:refused": (R.IMPORT_PATIENTS, ("batch",)),
    "interop:results": (R.RECORD_RESULTS, ()),
    "interop:results_batch": (R.RECORD_RESULTS, ("results_batch",)),
    "interop:confirm_results": (R.RECORD_RESULTS, ("results_batch",)),
    "interop:give_up_results": (R.RECORD_RESULTS, ("results_batch",)),
    "interop:refused_results": (R.RECORD_RESULTS, ("results_batch",)),
    "reports:response": (R.VIEW_PATIENTS, ("patient",)),
    "reports:response_panel": (R.VIEW_PATIENTS, ("patient",)),
    "portal:review": (R.APPROVE_PAGES, ()),
    "portal:review_page": (R.APPROVE_PAGES, ("slug",)),
    "replans:start": (R.BOOK, ()),
    "replans:day": (R.BOOK, ()),
    "replans:month": (R.BOOK, ()),
    "replans:plan": (R.BOOK, ("replan",)),
    "replans:progress": (R.BOOK, ("replan",)),
    "replans:stop": (R.BOOK, ("replan",)),
    "replans:here": (R.BOOK, ("replan",)),
    "replans:again": (R.BOOK, ("replan",)),
    "replans:apply": (R.BOOK, ("replan",)),
    "replans:discard": (R.BOOK, ("replan",)),
    "replans:note": (R.BOOK, ("replan",)),
    "desk:today": (R.VIEW_PATIENTS, ()),
    "desk:board": (R.VIEW_PATIENTS, ()),
    "desk:day_sheet": (R.VIEW_PATIENTS, ()),
    "desk:worklist": (R.VIEW_PATIENTS, ()),
    "desk:search": (R.VIEW_PATIENTS, ()),
    "desk:misfits": (R.VIEW_PATIENTS, ()),
    "setup:hours": (R.MANAGE_CLINIC, ()),
    "setup:add_closure": (R.MANAGE_CLINIC, ()),
    "setup:remove_closure": (R.MANAGE_CLINIC, ("closure",)),
    "setup:holidays": (R.MANAGE_CLINIC, ()),
    "setup:chairs": (R.MANAGE_CLINIC, ()),
    "setup:chair": (R.MANAGE_CLINIC, ("chair",)),
    "setup:add_outage": (R.MANAGE_CLINIC, ("chair",)),
    "setup:end_outage": (R.MANAGE_CLINIC, ("outage",)),
    "setup:nurses": (R.MANAGE_CLINIC, ()),
    "setup:nurse": (R.MANAGE_CLINIC, ("nurse",)),
    "setup:add_leave": (R.MANAGE_CLINIC, ("nurse",)),
    "setup:remove_leave": (R.MANAGE_CLINIC, ("absence",)),
    "setup:shift": (R.MANAGE_CLINIC, ("shift",)),
    "setup:rules": (R.MANAGE_CLINIC, ()),
    "setup:portal": (R.MANAGE_CLINIC, ()),
    "kinds:list": (R.MANAGE_CLINIC, ()),
    "wording:list": (R.MANAGE_CLINIC, ()),
    "wording:change": (R.MANAGE_CLINIC, ("message_kind", "language")),
}
# Whose pages these are stands in the session; an offer or a report that one of them names must be the patient's own.
PATIENT = {
    "portal:home": (),
    "portal:who": (),
    "portal:schedule": (),
    "portal:schedule_pdf": (),
    "portal:calendar": (),
    "portal:earlier": (),
    "portal:offer": ("offer",),
    "portal:unwell": (),
    "portal:report": ("report",),
    "portal:health_check": (),
    "portal:confirm": (),
    "portal:cannot_come": (),
    "portal:other_time": (),
    "portal:prepare": (),
    "portal:carers": (),
    "portal:asked": (),
    "portal:leave": (),
    "portal:messages": (),
    "portal:education": (),
    "portal:education_all": (),
    "portal:education_page": ("slug",),
}
PUBLIC = {
    "livez", "healthz", "account_login", "account_logout", "account_inactive", "account_reset_password",
    "account_confirm_password_reset_code", "account_complete_password_reset", "account_password_reset_completed",
    "account_request_login_code", "account_confirm_login_code", "account_signup", "account_reauthenticate",
    "mfa_authenticate", "mfa_deactivate_totp", "ledger:stop", "portal:language", "feed",
}  # fmt: skip
OWN_FACTOR = {
    "mfa_index", "mfa_activate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
}  # fmt: skip
WITH_OBJECT = [
    name
    for name, (_, objects) in STAFF.items()
    if objects and objects not in (("slug",), ("setting",), ("message_kind", "language"))
]


def addresses(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{prefix}{pattern.name}"
        else:
            yield from addresses(pattern, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)


def ask(client, name, objects, method):
    address = reverse(name, args=[objects[each] for each in STAFF[name][1]])
    return getattr(client, method)(address).status_code


@pytest.fixture
def ours():
    return factory.make_clinic()


@pytest.fixture
def theirs():
    return objects_of(factory.make_clinic(slug="other"))


def test_every_address_is_in_the_table():
    assert sorted(addresses(get_resolver())) == sorted([*STAFF, *PATIENT, *PUBLIC, *OWN_FACTOR])


def test_every_staff_address_asks_for_its_right():
    found = {}
    for name, (_, objects) in STAFF.items():
        match = get_resolver().resolve(
            reverse(
                name,
                args=[
                    {"slug": "session", "kind": "note", "rule": "igg_watch", "setting": "igg_warn"}.get(o, 1)
                    for o in objects
                ],
            )
        )
        found[name] = match.func.staff_right
    assert found == {name: right for name, (right, _) in STAFF.items()}


@pytest.mark.parametrize("role", list(Role))
def test_role_without_the_right_is_refused(client, ours, role):
    own = objects_of(ours)
    factory.sign_in(client, factory.make_member(ours, role))
    lacking = [name for name, (right, _) in STAFF.items() if not may(role, right)]
    answers = {
        (name, method): ask(client, name, own, method) for name in lacking for method in ("get", "post")
    }
    assert {key: code for key, code in answers.items() if code not in (403, 405)} == {}


@pytest.mark.parametrize("role", list(Role))
def test_another_clinics_object_is_not_found(client, ours, theirs, role):
    factory.sign_in(client, factory.make_member(ours, role))
    answers = {
        (name, method): ask(client, name, theirs, method)
        for name in WITH_OBJECT
        for method in ("get", "post")
    }
    assert {key: code for key, code in answers.items() if code not in (403, 404, 405)} == {}


def test_every_role_opens_its_own_pages_without_an_error(client, ours):
    own = objects_of(ours)
    for role in Role:
        factory.sign_in(client, factory.make_member(ours, role))
        granted = [name for name, (right, _) in STAFF.items() if may(role, right)]
        answers = {name: ask(client, name, own, "get") for name in granted}
        assert {name: code for name, code in answers.items() if code >= 500} == {}


def test_patient_is_refused_on_every_staff_page(client, ours):
    own = objects_of(ours)
    patient = factory.make_user(door="portal")
    PortalAccess.objects.create(
        clinic=ours,
        patient_id=own["patient"],
        user=patient,
        invited_at=timezone.now(),
        confirmed_at=timezone.now(),
    )
    factory.sign_in(client, patient)
    answers = {(name, method): ask(client, name, own, method) for name in STAFF for method in ("get", "post")}
    assert {key: code for key, code in answers.items() if code not in (403, 405)} == {}


def test_patient_finds_no_offer_but_their_own(client, ours, theirs):
    own = objects_of(ours)
    others = waiting_for(factory.make_visit(factory.make_patient(ours), chair=ours.chairs.last()))
    user = factory.make_user(door="portal")
    now = timezone.now()
    PortalAccess.objects.create(
        clinic=ours, patient_id=own["patient"], user=user, invited_at=now, confirmed_at=now
    )
    factory.sign_in(client, user)
    found = {
        (method, whose): getattr(client, method)(reverse("portal:offer", args=[objects["offer"]])).status_code
        for method in ("get", "post")
        for whose, objects in (("own", own), ("another's", others), ("another clinic's", theirs))
    }
    assert found == {
        ("get", "own"): 200,
        ("get", "another's"): 404,
        ("get", "another clinic's"): 404,
        ("post", "own"): 422,
        ("post", "another's"): 404,
        ("post", "another clinic's"): 404,
    }


def test_stranger_is_sent_to_a_door_everywhere(client, ours):
    own = objects_of(ours)
    answers = {(name, method): ask(client, name, own, method) for name in STAFF for method in ("get", "post")}
    assert {key: code for key, code in answers.items() if code not in (302, 405)} == {}
    for name, objects in PATIENT.items():
        assert client.get(reverse(name, args=[own[each] for each in objects])).status_code == 302


def test_colleague_with_a_closed_door_is_refused(client, ours):
    member = factory.make_member(ours, "nurse")
    factory.sign_in(client, member)
    member.is_active = False
    member.save()
    assert client.get(reverse("desk:today")).status_code == 403


def test_password_alone_opens_no_staff_page(client, ours):
    factory.sign_in(client, factory.make_member(ours, "manager"), methods={"password": ""})
    assert client.get(reverse("patients:list"))["Location"] == reverse("mfa_activate_totp")


def test_code_alone_opens_no_staff_page(client, ours):
    factory.sign_in(client, factory.make_member(ours, "manager"), methods={"code": ""})
    assert client.get(reverse("patients:list"))["Location"].startswith(reverse("account_login"))
