import re
from datetime import timedelta
import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from patients import actions
from patients.models import PortalAccess
from tests import factory
from tests.web.test_doors import ask_code, give_code, enter_password, totp_now, PASSWORD, mailed_code
from tests.web.test_doors import clinic, nurse, invited  # noqa
pytestmark = pytest.mark.django_db

def out(*a): print("PROBE", *a)

def test_enum_by_lock(invited):
    for who in (invited.email, "nobody@example.org"):
        got = []
        for _ in range(6):
            b = Client(); r = ask_code(b, who); c = give_code(b, "WRONG1"); got.append((r.status_code, c.status_code, c.get("Location"), len(c.content)//200))
        out("lock", who, got)

def test_enum_same_session(invited):
    for who in (invited.email, "nobody@example.org"):
        b = Client(); r = ask_code(b, who); p = b.get(reverse("account_confirm_login_code"))
        t = re.sub(r'csrfmiddlewaretoken" value="[^"]+', '', p.content.decode()).replace(who, "X")
        got = [(give_code(b, "WRONG1").status_code) for _ in range(5)]
        out("same", who, hash(t), got)

def test_enum_staff_reset(nurse, invited):
    for who in (nurse.user.email, invited.email, "nobody@example.org"):
        b = Client(); r = b.post(reverse("account_reset_password"), {"email": who}); 
        p = b.get(r["Location"]) if r.status_code == 302 else r
        got = [b.post(reverse("account_confirm_password_reset_code"), {"code": "WRONG1"}).status_code for _ in range(5)]
        out("reset", who, r.status_code, r.get("Location"), p.status_code, len(mail.outbox), got)

def test_login_enum(nurse, invited):
    for who in (nurse.user.email, invited.email, "nobody@example.org"):
        got=[]
        for _ in range(7):
            r = Client().post(reverse("account_login"), {"login": who, "password": "x"}); got.append((r.status_code,))
        out("login", who, got)
    r = Client().post(reverse("account_login"), {"login": nurse.user.email}); out("nopw", r.status_code, r.get("Location"), len(mail.outbox))

def test_mfa_brute(nurse):
    TOTP.activate(nurse.user, "JBSWY3DPEHPK3PXP")
    got = []
    for i in range(4):
        b = Client(); r=enter_password(b, nurse); got.append(r.status_code)
        got.append([b.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code for _ in range(4)])
    out("mfa", got)

def test_next(nurse):
    b = Client(); r = b.post(reverse("account_login")+"?next=https://evil.example/", {"login": nurse.user.email, "password": PASSWORD, "next": "https://evil.example/"})
    out("next", r.status_code, r.get("Location"))
    b = Client(); r = b.post(reverse("account_login"), {"login": nurse.user.email, "password": PASSWORD, "next": "//evil.example/"}); out("next2", r.get("Location"))
    r = b.get(reverse("account_logout")+"?next=https://evil.example"); out("logout get", r.status_code, "_auth_user_id" in b.session)
    r = b.post(reverse("account_logout")+"?next=https://evil.example", {"next":"https://evil.example"}); out("logout post", r.get("Location"))

def test_password_only_session_recovery(nurse):
    b = Client(); enter_password(b, nurse)
    TOTP.activate(nurse.user, "JBSWY3DPEHPK3PXP"); RecoveryCodes.activate(nurse.user)
    for n in ("mfa_index", "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_activate_totp"):
        r = b.get(reverse(n)); out("pwonly", n, r.status_code, r.get("Location"), len(r.content))

def test_idle_recovery(nurse, settings):
    TOTP.activate(nurse.user, "JBSWY3DPEHPK3PXP"); RecoveryCodes.activate(nurse.user)
    b = factory.sign_in(Client(), nurse); b.get(reverse("desk:today"))
    s = b.session; s["seen_at"] = timezone.now().timestamp() - settings.STAFF_IDLE_SECONDS - 1; s.save()
    r = b.get(reverse("mfa_view_recovery_codes")); out("idle", r.status_code, r.get("Location"))

def test_upload(clinic):
    b = factory.sign_in(Client(), factory.make_member(clinic, "manager"))
    for name, body in {"deep.json": b'['*200000, "deep2.json": b'{"resourceType":"Bundle","type":"collection","entry":' + b'['*5000 + b']'*5000 + b'}', "num.json": b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":' + b'9'*6000 + b'}}]}',
      "nan.json": b'{"resourceType":"Bundle","type":NaN}', "x.csv": b'record_number,given_name\n"' + b'a'*200000, "bin.csv": bytes(range(256)), "../../x\r\ny.csv": b"a,b\n1,2\n"}.items():
        try:
            r = b.post(reverse("interop:upload"), {"uploads": SimpleUploadedFile(name, body)})
            s = b.get(r["Location"]).status_code if r.status_code == 302 else ""
            out("upload", repr(name), r.status_code, s)
        except Exception as e: out("upload EXC", name, type(e), str(e)[:100])

def test_xss(clinic):
    x = "<img src=x onerror=alert(1)>"
    p = factory.make_patient(clinic, given_name=x, family_name='"><script>1</script>', email="x@example.org")
    v = factory.make_visit(p)
    b = factory.sign_in(Client(), factory.make_member(clinic, "manager"))
    for u in (reverse("patients:list"), reverse("patients:detail", args=[p.pk]), reverse("scheduling:visit", args=[v.pk]), reverse("desk:search")+"?q=<script>1</script>", reverse("desk:today")+"?day="+str(v.starts_at.date()), reverse("clinics:audit")+"?q=<script>1</script>", reverse("desk:worklist")):
        t = b.get(u).content.decode(); out("xss", u[:40], x in t, "<script>1" in t)

def test_headers(nurse, invited):
    b = Client(); r = b.get("/", HTTP_HOST="evil.example"); out("host", r.status_code)
    r = b.get(reverse("account_login")); out(dict(r.headers)); out({k: dict(v) for k, v in r.cookies.items()})
    r = b.get("/static/../x", ); out(r.status_code)

def test_foreign_seat(clinic):
    other = factory.make_clinic()
    from clinics.models import Chair, Membership
    p = factory.make_patient(clinic); c = factory.make_course(p, start_on=timezone.now().date()+timedelta(days=5))
    b = factory.sign_in(Client(), factory.make_member(clinic, "receptionist"))
    ch = Chair.objects.of(other).first(); nu = Membership.objects.of(other).filter(role="nurse").first()
    own_ch = Chair.objects.of(clinic).first(); own_nu = Membership.objects.of(clinic).filter(role="nurse").first()
    page = b.get(reverse("scheduling:pair", args=[c.pk])); cards = page.context["cards"]
    m = re.search(r'value="(2\d{3}[^"]+Z/\d+/\d+ [^"]+)"', page.content.decode()); out("offer", m and m[1])
    name = re.search(r'name="(\w+)"[^>]*value="2\d{3}', page.content.decode()) 
    out(name and name[1])
    if m:
        for chair, nurse_ in ((ch.pk, None), (None, nu.pk), (10**18, None)):
            text = " ".join("/".join([s.split("/")[0], str(chair or s.split("/")[1]), str(nurse_ or s.split("/")[2])]) for s in m[1].split(" "))
            r = b.post(reverse("scheduling:pair", args=[c.pk]), {"offer": text, (name[1] if name else "offer"): text}); out("foreign", r.status_code, r.get("Location"))
    from scheduling.models import Visit
    out("visits", Visit.objects.count())

def test_follow_up_foreign_nurse(clinic):
    other = factory.make_clinic(); from clinics.models import Membership
    p = factory.make_patient(clinic); f = factory.make_follow_up(p, due_on=timezone.now().date()+timedelta(days=20))
    b = factory.sign_in(Client(), factory.make_member(clinic, "receptionist"))
    nu = Membership.objects.of(other).filter(role="nurse").first()
    page = b.get(reverse("monitoring:book", args=[f.pk])); i = page.context["form"].initial
    r = b.post(reverse("monitoring:book", args=[f.pk]), {**{k: v for k, v in i.items() if v}, "nurse": nu.pk}); out("fu", r.status_code, r.context and r.context["form"].errors)

def test_email_change_keeps_access(clinic, invited):
    out("fields", [f.name for f in PortalAccess._meta.fields])
    b = factory.sign_in(Client(), factory.make_member(clinic, "receptionist"))
    page = b.get(reverse("patients:edit", args=[invited.pk])); form = page.context["form"]
    d = {k: (v if v is not None else "") for k, v in form.initial.items()} ; d["email"] = "new@example.org"
    r = b.post(reverse("patients:edit", args=[invited.pk]), d); out("edit", r.status_code, r.context and r.context["form"].errors)
    out("standing", list(PortalAccess.objects.values_list("user__email", "revoked_at")))
