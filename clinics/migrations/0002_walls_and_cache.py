"""The audit trail becomes append-only, and the shared cache gets its table."""

from django.core.management import call_command
from django.db import migrations

from clinics import walls


def make(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)
    walls.install(schema_editor.connection)


def unmake(apps, schema_editor):
    walls.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("clinics", "0001_initial")]
    operations = [migrations.RunPython(make, unmake)]
