"""The demo's own pages: its sign-ins, and the mail that went out. Open to all, in the demo only."""

import time
from dataclasses import asdict

from allauth.mfa import app_settings as mfa
from allauth.mfa.totp.internal import auth as totp
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from infusion.demo import accounts as signins
from infusion.demo import mailbox

# A mail's HTML part is shown in a frame that may do nothing but be read.
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """The sign-ins, each with the second-factor code of this half minute."""
    counter, left = divmod(int(time.time()), mfa.TOTP_PERIOD)
    people = [
        {**asdict(account), "code": _code(account.second_factor, counter)} for account in signins.load()
    ]
    context = {
        "staff": [person for person in people if person["password"]],
        "patients": [person for person in people if not person["password"]],
        "seconds_left": mfa.TOTP_PERIOD - left,
    }
    return render(request, "demo/accounts.html", context)


@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """All mail and all texts that went out, newest first."""
    return render(request, "demo/mail_list.html", {"mails": mailbox.newest(), "texts": mailbox.texts()})


@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: its text, its HTML in a closed frame, its calendar attachment and its source."""
    found = _mail(name)
    context = {
        "mail": found,
        "text": found.part("text/plain"),
        "has_page": found.part("text/html") is not None,
        "calendar": found.part("text/calendar"),
    }
    return render(request, "demo/mail.html", context)


@require_safe
@xframe_options_sameorigin
def mail_page(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part of one mail, as the recipient's program would show it."""
    content = _mail(name).part("text/html")
    if content is None:
        raise Http404
    return HttpResponse(content, headers={"Content-Security-Policy": MAIL_POLICY})


def _mail(name: str) -> mailbox.Mail:
    found = mailbox.read(name)
    if found is None:
        raise Http404
    return found


def _code(secret: str, counter: int) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, counter)) if secret else ""
