"""Every address of the site. Rooms come first, then the shell's own screens."""

from django.conf import settings
from django.urls import include, path

from . import health
from .portal import take_home

handler429 = "infusion.doors.throttle.too_many_at_a_door"
urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("healthz", health.healthz, name="healthz"),
    path("sign-in/", include("infusion.doors.urls")),
    path("clinic/", include("clinics.urls")),
    path("patients/", include("patients.urls")),
    path("regimens/", include("regimens.urls")),
    path("evaluations/", include("evaluation.urls")),
    path("schedule/", include("scheduling.urls")),
    path("visits/", include("treatment.urls")),
    path("visits/", include("infusion.desk.visit_urls")),
    path("series/", include("infusion.desk.series.urls")),
    path("gates/", include("infusion.desk.gates.urls")),
    path("follow-ups/", include("monitoring.urls")),
    path("reminders/", include("infusion.reminders.urls")),
    path("messages/", include("infusion.reminders.ledger.urls")),
    path("import/", include("infusion.interop.urls")),
    path("reports/", include("infusion.reports.urls")),
    path("feed/<str:token>.ics", take_home.feed, name="feed"),
    path("portal/", include("infusion.portal.urls")),
    path("re-planning/", include("infusion.desk.replans.urls")),
    path("settings/messages/", include("infusion.reminders.wording.urls")),
    path("settings/message-kinds/", include("infusion.reminders.kinds.urls")),
    path("settings/", include("infusion.desk.setup.urls")),
    path("", include("infusion.desk.urls")),
]
if settings.DEMO:
    urlpatterns.append(path("demo/", include("infusion.demo.urls")))
