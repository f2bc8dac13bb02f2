"""Forms of the evaluation room. Values are read by ``evaluation.domain.values``, for forms and imports alike."""

from .checklist import ChecklistForm
from .shown import in_force, thresholds, unit_words
from .single import ReasonForm, ResultForm, SignForm

__all__ = ["ChecklistForm", "ReasonForm", "ResultForm", "SignForm", "in_force", "thresholds", "unit_words"]
