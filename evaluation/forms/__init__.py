"""Forms of the evaluation room. Values are read by ``evaluation.domain.values``, for forms and imports alike."""

from .checklist import ChecklistForm
from .single import ReasonForm, ResultForm, SignForm

__all__ = ["ChecklistForm", "ReasonForm", "ResultForm", "SignForm"]
