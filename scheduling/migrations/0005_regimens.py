# Doses by body surface, pairs after the induction, retreatment on demand, and what is taken beside the infusions.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COURSE_OF = {
    "on_delete": django.db.models.deletion.PROTECT,
    "to": "scheduling.course",
}


def of_patient(name):
    return [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("created_at", models.DateTimeField(auto_now_add=True)),
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
            "patient",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)s_set",
                related_query_name="%(class)s",
                to="patients.patient",
            ),
        ),
        ("course", models.ForeignKey(related_name=name, **COURSE_OF)),
        ("at", models.DateTimeField()),
    ]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("clinics", "0005_region_length"),
        ("patients", "0002_wishes"),
        ("scheduling", "0004_held_windows"),
    ]

    operations = [
        migrations.AddField(
            model_name="plannedinfusion",
            name="dose_per_m2",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Milligrams per square metre, where dose_mg is reckoned from weight and height.",
                max_digits=7,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="plannedinfusion",
            name="opens_with",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="Ordinal of the first infusion of the pair or repeated course it belongs to, after the induction.",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="CoTherapyRecord",
            fields=[
                *of_patient("co_therapy_records"),
                ("code", models.CharField(help_text="As the regimen names it.", max_length=40)),
                ("is_taken", models.BooleanField()),
                (
                    "words",
                    models.CharField(
                        blank=True, help_text="The dose, or why it is not taken.", max_length=250
                    ),
                ),
            ],
            options={"ordering": ["course_id", "-at", "-id"]},
        ),
        migrations.CreateModel(
            name="Retreatment",
            fields=[
                *of_patient("retreatments"),
                ("ordinal", models.PositiveSmallIntegerField(help_text="Of its first infusion.")),
                ("start_on", models.DateField()),
                ("reason", models.CharField(max_length=250)),
            ],
            options={
                "ordering": ["course_id", "ordinal"],
                "constraints": [
                    models.UniqueConstraint(fields=("course", "ordinal"), name="retreatment_once")
                ],
            },
        ),
    ]
