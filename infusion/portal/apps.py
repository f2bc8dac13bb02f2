from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "infusion.portal"
    label = "portal"
