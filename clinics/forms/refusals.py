"""What an action refused, said where it belongs on the form that asked for it."""

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.utils.translation import gettext

from clinics.domain.refusals import Refused


def show_refusal(form: BaseForm, refused: Refused) -> None:
    """Put each reason beside its field, or above the form, in the reader's language."""
    for reason in refused.reasons:
        problem = ValidationError(gettext(reason.message), code=reason.code)
        form.add_error(reason.field if reason.field in form.fields else None, problem)
