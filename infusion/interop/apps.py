from django.apps import AppConfig


class InteropConfig(AppConfig):
    name = "infusion.interop"
    label = "interop"
