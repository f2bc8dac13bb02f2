from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "infusion.demo"
    label = "demo"
