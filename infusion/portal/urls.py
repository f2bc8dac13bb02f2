from django.urls import path

from . import answers, carers, health, helping, language, messages, prepare, reading, take_home, unwell, views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("language/", language.language, name="language"),
    path("who/", views.who, name="who"),
    path("schedule/", views.schedule, name="schedule"),
    path("schedule.pdf", take_home.schedule_pdf, name="schedule_pdf"),
    path("calendar/", take_home.calendar, name="calendar"),
    path("earlier/", views.earlier, name="earlier"),
    path("earlier/<int:pk>/", views.offer, name="offer"),
    path("not-well/", unwell.unwell, name="unwell"),
    path("not-well/<int:pk>/", unwell.report, name="report"),
    path("health-check/", health.health_check, name="health_check"),
    path("coming/", answers.confirm, name="confirm"),
    path("cannot-come/", answers.cannot_come, name="cannot_come"),
    path("another-time/", answers.other_time, name="other_time"),
    path("prepare/", prepare.prepare, name="prepare"),
    path("carers/", carers.carers, name="carers"),
    path("can-you-help/", helping.asked, name="asked"),
    path("stop-helping/", helping.leave, name="leave"),
    path("messages/", messages.messages, name="messages"),
    path("about/", reading.education, name="education"),
    path("about/print/", reading.education_all, name="education_all"),
    path("about/<slug:slug>/", reading.education_page, name="education_page"),
    path("review/", views.review, name="review"),
    path("review/<slug:slug>/", views.review_page, name="review_page"),
]
