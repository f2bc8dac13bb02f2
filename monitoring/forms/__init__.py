"""Forms of the monitoring room."""

from .follow_ups import BookForm, CloseForm
from .reports import AnswerForm
from .surveillance import DecisionForm, WatchForm

__all__ = ["AnswerForm", "BookForm", "CloseForm", "DecisionForm", "WatchForm"]
