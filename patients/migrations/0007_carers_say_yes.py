"""A carer says yes before anything opens. Who is in already has said so by coming in."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def count_as_accepted(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    accesses = apps.get_model("patients", "PortalAccess")._base_manager.using(editor.connection.alias)
    accesses.filter(is_carer=True, confirmed_at__isnull=False).update(accepted_at=models.F("confirmed_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0006_calendar_feeds"),
    ]

    operations = [
        migrations.AddField(
            model_name="portalaccess",
            name="accepted_at",
            field=models.DateTimeField(blank=True, help_text="When the carer said yes.", null=True),
        ),
        migrations.AddField(
            model_name="portalaccess",
            name="declined_at",
            field=models.DateTimeField(
                blank=True, help_text="When the carer said no, or stopped helping.", null=True
            ),
        ),
        migrations.RunPython(count_as_accepted, migrations.RunPython.noop),
    ]
