# An optional rate profile, chosen for one infusion.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0006_gate_overrides")]

    operations = [
        migrations.AddField(
            model_name="plannedinfusion",
            name="rate_profile",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="An optional rate profile that a prescriber chose for it, by its code.",
                max_length=40,
            ),
        ),
    ]
