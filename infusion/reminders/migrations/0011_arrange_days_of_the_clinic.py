"""How many days before a follow-up it is asked for stands with the clinic alone, where the worklist reads it too."""

from typing import Any

from django.db import migrations


def to_the_clinic(apps: Any, _editor: Any) -> None:
    rules = apps.get_model("reminders", "KindRule")
    for rule in rules.objects.filter(kind="arrange", days_before__isnull=False).select_related("clinic"):
        rule.clinic.arrange_days_before = rule.days_before
        rule.clinic.save(update_fields=["arrange_days_before"])
        rule.days_before = None
        rule.save(update_fields=["days_before"])


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0012_sender_name"),
        ("reminders", "0010_change_not_possible"),
    ]

    operations = [migrations.RunPython(to_the_clinic, migrations.RunPython.noop)]
