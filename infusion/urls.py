"""Every address of the site. Rooms come first, then the shell's own screens."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path

from . import health

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("healthz", health.healthz, name="healthz"),
    path("clinic/", include("clinics.urls")),
    path("sign-in/", include("infusion.doors.urls")),
]
for where, module in [
    ("patients/", "patients.urls"),
    ("regimens/", "regimens.urls"),
    ("evaluations/", "evaluation.urls"),
    ("schedule/", "scheduling.urls"),
    ("visits/", "infusion.desk.visit_urls"),
    ("follow-ups/", "monitoring.urls"),
    ("reminders/", "infusion.reminders.urls"),
    ("import/", "infusion.interop.urls"),
    ("portal/", "infusion.portal.urls"),
    ("", "infusion.desk.urls"),
]:
    if find_spec(module):
        try:
            urlpatterns.append(path(where, include(module)))
        except ImportError:
            pass
if settings.DEMO:
    urlpatterns.append(path("demo/", include("infusion.demo.urls")))
