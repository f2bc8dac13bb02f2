"""What is typed on the day: the steps at the desk, and the entries of the chart."""

from .charting import FORMS, ChartForm, blank_forms, form_for
from .correcting import CorrectionForm, correction_for
from .finishing import GRADES, DischargeForm, FinishForm, UndoForm

__all__ = [
    "FORMS",
    "GRADES",
    "ChartForm",
    "CorrectionForm",
    "DischargeForm",
    "FinishForm",
    "UndoForm",
    "blank_forms",
    "correction_for",
    "form_for",
]
