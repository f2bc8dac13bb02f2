"""The one page of the account library that is changed here: where a patient types the code."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from allauth.account.views import ConfirmLoginCodeView
from axes.decorators import axes_dispatch
from django.contrib.auth.signals import user_login_failed
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from .lockout import one_at_a_time
from .sessions import code_in


class TypedCode(ConfirmLoginCodeView):
    """Takes one try at a time, and counts wrong codes for an address nobody was invited under too: a lock must not
    tell who is a patient.
    """

    @transaction.atomic
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A try, counted before the next one is looked at. Where another try of this browser was quicker, what this
        one read is no longer true: it is not looked at.
        """
        user = self._process.user
        one_at_a_time(user.email if user is not None else self._process.state.get("email") or "")
        if code_in(request.session) != self._process.state:
            return HttpResponseRedirect(request.path)
        key = request.session.session_key
        answer: HttpResponse = axes_dispatch(super().post)(request, *args, **kwargs)
        request.session.save()
        if request.session.session_key == key:
            # Kept once more after the transaction it would take back what a later try has left.
            request.session.modified = False
        return answer

    def form_invalid(self, form: BaseForm) -> HttpResponse:
        if self._process.user is None:
            address = self._process.state.get("email") or ""
            user_login_failed.send(sender=__name__, credentials={"email": address}, request=self.request)
        answer: HttpResponse = super().form_invalid(form)
        if answer.status_code == HTTPStatus.FOUND:
            # That was the last try: the code is gone, and the page before says so.
            told = {"tries": "over", self.redirect_field_name: self.get_next_url()}
            door = reverse("account_request_login_code")
            return HttpResponseRedirect(
                f"{door}?{urlencode({word: said for word, said in told.items() if said})}"
            )
        return answer


confirm_login_code = TypedCode.as_view()
