"""The one page of the account library that is changed here: where a patient types the code."""

from __future__ import annotations

from allauth.account.views import ConfirmLoginCodeView
from django.contrib.auth.signals import user_login_failed
from django.forms import BaseForm
from django.http import HttpResponse


class TypedCode(ConfirmLoginCodeView):
    """Counts wrong codes for an address nobody was invited under too: a lock must not tell who is a patient."""

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        if self._process.user is None:
            address = self._process.state.get("email") or ""
            user_login_failed.send(sender=__name__, credentials={"email": address}, request=self.request)
        return super().form_invalid(form)


confirm_login_code = TypedCode.as_view()
