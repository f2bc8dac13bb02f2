"""How screens look: icons, chips and navigation links for templates.

The library knows shapes and tones only. Which word, icon and tone a status gets is written in
``templates/components/status/<kind>.html``, so that the words stay with the screens that use them.
"""

from functools import lru_cache
from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

TONES = frozenset({"neutral", "info", "progress", "success", "warning", "danger"})


@register.simple_tag
@lru_cache(maxsize=1_024)
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """Draw one icon of the sprite. Without a label it is hidden from screen readers, because the word beside
    it says the same; with a label it stands alone and is read out. ``size`` is empty, "lg" or "xl".
    """
    source = f"{static('vendor/icons/sprite.svg')}#{name}"
    css = f"icon icon-{size}" if size else "icon"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', css, label, source
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', css, source
    )


@register.simple_tag
def chip(tone: str, icon_name: str, text: str, title: str = "") -> SafeString:
    """Draw a status chip: colour, icon and word together, never colour alone. An unknown tone is a mistake in
    the template and raises ValueError.
    """
    if tone not in TONES:
        raise ValueError(f"unknown chip tone: {tone}")
    hint = format_html(' title="{}"', title) if title else ""
    return format_html(
        '<span class="chip chip-{}"{}>{}<span>{}</span></span>', tone, hint, icon(icon_name), text
    )


@register.simple_tag
def status(kind: str, value: Any) -> SafeString:
    """Draw the chip of a stored status word: ``{% status "visit" visit.status %}``. The kinds are the files
    in ``templates/components/status/``; a value unknown to its file is shown as it is, in a neutral chip.
    """
    rendered = render_to_string(f"components/status/{kind}.html", {"value": value})
    return SafeString(rendered.strip())


@register.simple_tag(takes_context=True)
def drawn(context: Context, name: str) -> SafeString:
    """A template drawn once for several places of one page: ``{% drawn "components/staff_nav.html" as links %}``."""
    assert context.template is not None
    found: SafeString = context.template.engine.get_template(name).render(context)
    return found


@register.inclusion_tag("components/nav_link.html", takes_context=True)
def nav_link(context: Context, name: str, text: str, icon_name: str, sections: str = "") -> dict[str, Any]:
    """Draw a navigation link to a named URL, or nothing where that URL does not exist. It is marked as the
    current page on its own view, and as the current section on any view that ``sections`` names, one by one
    ("portal:education_page") or by namespace ("patients").
    """
    try:
        address = reverse(name)
    except NoReverseMatch:
        return {"address": ""}
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    current = ""
    if match is not None:
        if match.view_name == name:
            current = "page"
        elif {match.view_name, match.namespace} & set(sections.split()):
            current = "true"
    return {"address": address, "text": text, "icon_name": icon_name, "current": current}
