"""Where the buttons of a visit lead."""

from django import template
from django.urls import reverse

from scheduling.models import Visit
from treatment.domain.steps import Move

from ..addresses import check_of

register = template.Library()


@register.simple_tag
def step_url(move: Move, visit: Visit) -> str:
    """The address that takes the step for the visit."""
    return reverse(f"treatment:{move.step.value}", args=[visit.pk])


@register.simple_tag
def check_url(visit: Visit) -> str:
    """The check before the infusion."""
    return check_of(visit)
