# Versions made in the clinic: out of which one, and why.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("regimens", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="regimenversion",
            name="based_on",
            field=models.ForeignKey(
                blank=True,
                help_text="Made from, here.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="successors",
                to="regimens.regimenversion",
            ),
        ),
        migrations.AddField(
            model_name="regimenversion",
            name="reason",
            field=models.CharField(blank=True, help_text="What changes, and why.", max_length=250),
        ),
    ]
