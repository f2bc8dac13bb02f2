"""The walls around visits go up: no shared chair, no patient in two places, versions that never change."""

from django.db import migrations

from scheduling import walls


def make(apps, schema_editor):
    walls.install(schema_editor.connection)


def unmake(apps, schema_editor):
    walls.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0001_initial"), ("clinics", "0002_walls_and_cache")]
    operations = [migrations.RunPython(make, unmake)]
