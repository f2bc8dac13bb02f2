"""Clears the test database, the append-only tables and the shared cache included."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from django.apps import apps
from django.core.cache import cache
from django.core.management.commands import flush
from django.db import connections


class Command(flush.Command):
    """Django's flush with every room's walls taken down before and put up again after."""

    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        for walls in _walls():
            walls.remove(connection)
        try:
            super().handle(**options)
        finally:
            for walls in _walls():
                walls.install(connection)
        cache.clear()


def _walls() -> list[ModuleType]:
    names = [f"{app.name}.walls" for app in apps.get_app_configs()]
    return [import_module(name) for name in names if find_spec(name)]
