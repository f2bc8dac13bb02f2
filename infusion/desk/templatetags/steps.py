"""Where the button of a step leads."""

from django import template
from django.urls import reverse
from scheduling.models import Visit
from treatment.domain.steps import Move

register = template.Library()


@register.simple_tag
def step_url(move: Move, visit: Visit) -> str:
    """The address that takes the step for the visit."""
    return reverse(f"treatment:{move.step.value}", args=[visit.pk])
