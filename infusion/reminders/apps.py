from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "infusion.reminders"
    label = "reminders"
