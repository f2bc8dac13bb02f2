"""One click, one step: arrived, in chair, done, not come, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from clinics.access import staff
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refused
from clinics.domain.rights import Right
from clinics.templatetags.look import icon
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from monitoring import actions as monitoring
from scheduling.models import Visit
from treatment import actions, queries
from treatment.forms import FinishForm, UndoForm

from .pages import day_page, view_asked
from .queries import may_undo
