"""The doors. Of the account library only what is used here has an address: nobody changes an e-mail or signs up."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.utils import is_mfa_enabled
from axes.decorators import axes_dispatch
from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.generic import RedirectView

from clinics.access import has_second_factor, methods_of, still_fresh, to_sign_in

from .views import confirm_login_code


def own_factor(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A second factor belongs to a colleague who came in by password; patients sign in by code and have none.

    The pages show recovery codes: once a factor is enrolled they ask for it like every staff page, and for a fresh
    session always.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if user.is_authenticated and (user.door != "staff" or "password" not in methods_of(request)):
            raise PermissionDenied
        if user.is_authenticated and not (
            still_fresh(request, settings.STAFF_IDLE_SECONDS)
            and (has_second_factor(request) or not is_mfa_enabled(user))
        ):
            logout(request)
            return to_sign_in(request, "account_login")
        return view(request, *args, **kwargs)

    return guarded


urlpatterns = [
    path("staff/", axes_dispatch(account.login), name="account_login"),
    path("staff/password/", account.password_reset, name="account_reset_password"),
    path(
        "staff/password/code/",
        account.confirm_password_reset_code,
        name="account_confirm_password_reset_code",
    ),
    path("staff/password/new/", account.complete_password_reset, name="account_complete_password_reset"),
    path(
        "staff/password/done/", account.password_reset_from_key_done, name="account_password_reset_completed"
    ),
    path("staff/second-factor/", mfa.authenticate, name="mfa_authenticate"),
    path("staff/second-factor/mine/", own_factor(mfa.index), name="mfa_index"),
    path("staff/second-factor/enrol/", own_factor(totp.activate_totp), name="mfa_activate_totp"),
    path(
        "staff/second-factor/codes/", own_factor(recovery.view_recovery_codes), name="mfa_view_recovery_codes"
    ),
    path(
        "staff/second-factor/codes/new/",
        own_factor(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "staff/second-factor/codes/file/",
        own_factor(recovery.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    # Enrolled already: the library sends such a colleague to the page for taking the factor away, which is a
    # manager's to do here.
    path(
        "staff/second-factor/enrolled/",
        RedirectView.as_view(pattern_name="mfa_index"),
        name="mfa_deactivate_totp",
    ),
    path("patient/", axes_dispatch(account.request_login_code), name="account_request_login_code"),
    path("patient/code/", axes_dispatch(confirm_login_code), name="account_confirm_login_code"),
    path("out/", account.logout, name="account_logout"),
    path("closed/", account.account_inactive, name="account_inactive"),
]
# Names the library looks up although nothing here leads to them.
urlpatterns += [
    path(f"unused/{name}/", RedirectView.as_view(pattern_name="account_login"), name=f"account_{name}")
    for name in ("signup", "reauthenticate")
]
