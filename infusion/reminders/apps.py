from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "infusion.reminders"
    label = "reminders"

    def ready(self) -> None:
        from . import checks  # noqa: F401
