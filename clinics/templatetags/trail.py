"""How a row of the audit trail reads on a screen."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def changes_in_words(changes: Any) -> list[tuple[str, str]]:
    """The changes of an audit row as (field, words): "before → after" for a pair, the words themselves otherwise."""
    if not isinstance(changes, dict):
        return []
    return [(str(name).replace("_", " "), _words(value)) for name, value in changes.items()]


def _words(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        return f"{_plain(value[0])} → {_plain(value[1])}"
    return _plain(value)


def _plain(value: Any) -> str:
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    return str(value)
