"""In which language a page speaks: at the patient's door the reader's, everywhere else English."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

PATIENTS_DOOR = ("/portal/", "/sign-in/patient/", "/messages/stop/")
STAFFS_OWN = ("/portal/review/",)
"""Within the patient's door, what colleagues read."""
EITHER_DOOR = ("/sign-in/out/", "/sign-in/closed/")


class ReaderLanguage:
    """Speaks the language the browser has chosen or asks for, where a patient reads; a staff page is never half one
    language and half another. Whose language it is once somebody has signed in, the guard of the portal decides.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reads = for_a_patient(request)
        language = translation.get_language_from_request(request) if reads else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            request.offers_languages = reads  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language())
        if reads:
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


def for_a_patient(request: HttpRequest) -> bool:
    """Whether this address is read by patients and carers."""
    if request.path.startswith(EITHER_DOOR):
        return not request.user.is_authenticated or request.user.door == "portal"
    return request.path.startswith(PATIENTS_DOOR) and not request.path.startswith(STAFFS_OWN)
