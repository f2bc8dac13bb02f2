"""What a pharmacist types: a start date and a dose to check a regimen, and a whole new version of it."""

from .preview import PreviewForm
from .version import VersionForm

__all__ = ["PreviewForm", "VersionForm"]
