"""The upload of files to import."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .domain.incoming import LARGEST_FILE
from .domain.report import legible

MOST_FILES = 40
MEGABYTE = 1024 * 1024


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or more files, each within the size an import reads. Cleans to a list."""

    widget = FilesInput(attrs={"accept": ".csv,.json,text/csv,application/json,application/fhir+json"})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = data if isinstance(data, (list, tuple)) else [data]
        if len(given) > MOST_FILES:
            raise forms.ValidationError(_("Choose at most %(most)d files at a time.") % {"most": MOST_FILES})
        files = [super(FilesField, self).clean(file, initial) for file in given or [None]]
        if sum(file.size for file in files) > LARGEST_FILE:
            words = _("These files are larger than %(most)d MB together. Import them in several steps.")
            raise forms.ValidationError(words % {"most": LARGEST_FILE // MEGABYTE})
        return files


class UploadForm(forms.Form):
    uploads = FilesField(
        label=gettext_lazy("Files"),
        help_text=gettext_lazy(
            "A list of patients (.csv) or FHIR R4 bundles (.json). Several at once are fine."
        ),
        error_messages={
            "required": gettext_lazy("Choose at least one file."),
            "empty": gettext_lazy("This file is empty. Choose another one."),
        },
        max_length=200,
        allow_empty_file=True,
    )

    def contents(self) -> list[tuple[str, bytes]]:
        """Names and contents of the checked files."""
        return [(legible(file.name), file.read()) for file in self.cleaned_data["uploads"]]


class ResultsUploadForm(UploadForm):
    uploads = FilesField(
        label=gettext_lazy("Files"),
        help_text=gettext_lazy(
            "Laboratory results (.csv) or FHIR R4 bundles with Observations (.json). Several at once are fine."
        ),
        error_messages={
            "required": gettext_lazy("Choose at least one file."),
            "empty": gettext_lazy("This file is empty. Choose another one."),
        },
        max_length=200,
        allow_empty_file=True,
    )
