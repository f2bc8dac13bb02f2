from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TreatmentConfig(AppConfig):
    name = "treatment"

    def ready(self) -> None:
        from . import walls

        post_migrate.connect(walls.install_after_migrating, sender=self, dispatch_uid="treatment.walls")
