"""What an action refused, said where it belongs on the form that asked for it."""

from django.forms import BaseForm

from clinics.domain.refusals import Refused


def show_refusal(form: BaseForm, refused: Refused) -> None:
    """Put each reason beside its field, or above the form."""
    for reason in refused.reasons:
        form.add_error(reason.field if reason.field in form.fields else None, reason.message)
