from django.apps import AppConfig


class DoorsConfig(AppConfig):
    name = "infusion.doors"
    label = "doors"

    def ready(self) -> None:
        from . import letters, receivers  # noqa: F401
