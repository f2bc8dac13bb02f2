"""The chart kept at the bedside, and the stages between the chair and the discharge."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from treatment import walls


def make(apps, schema_editor):
    walls.install(schema_editor.connection)


def unmake(apps, schema_editor):
    walls.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0001_initial"),
        ("scheduling", "0001_initial"),
        ("treatment", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="infusionrecord",
            name="gate",
            field=models.JSONField(
                default=dict, help_text="The gate's verdict when premedication was started."
            ),
        ),
        migrations.AlterField(
            model_name="infusionrecord",
            name="state",
            field=models.CharField(
                choices=[
                    ("arrived", "Arrived"),
                    ("in_chair", "In chair"),
                    ("premedicating", "Premedication"),
                    ("infusing", "Infusing"),
                    ("observing", "Observation"),
                    ("done", "Discharged"),
                ],
                max_length=14,
            ),
        ),
        migrations.CreateModel(
            name="ChartEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("identity", "Identity"),
                            ("weight", "Weight"),
                            ("premedication", "Premedication started"),
                            ("medicine", "Medicine given"),
                            ("product", "Product"),
                            ("rate", "Rate"),
                            ("pause", "Pause"),
                            ("stop", "Infusion ended"),
                            ("vitals", "Vital signs"),
                            ("reaction", "Reaction"),
                            ("note", "Note"),
                            ("discharge", "Discharge"),
                        ],
                        max_length=14,
                    ),
                ),
                ("payload", models.JSONField(default=dict)),
                ("happened_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("key", models.CharField(max_length=80)),
                ("reason", models.CharField(blank=True, max_length=250)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="clinics.clinic"
                    ),
                ),
                (
                    "corrects",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="treatment.chartentry",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)s_set",
                        related_query_name="%(class)s",
                        to="patients.patient",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="chart_entries",
                        to="scheduling.visit",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["visit", "id"], name="treatment_c_visit_i_d114a6_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("visit", "key"), name="chart_entry_once_a_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("corrects__isnull", True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="chart_correction_has_a_reason",
                    ),
                ],
            },
        ),
        migrations.RunPython(make, unmake),
    ]
