from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "infusion.desk"
    label = "desk"
