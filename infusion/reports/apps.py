from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "infusion.reports"
    label = "reports"
