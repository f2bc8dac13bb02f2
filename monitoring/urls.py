from django.urls import path

from . import views

app_name = "monitoring"
urlpatterns = [
    path("", views.follow_up_list, name="list"),
    path("patients/<int:patient_pk>/panel/", views.panel, name="panel"),
    path("<int:pk>/book/", views.book, name="book"),
    path("<int:pk>/close/", views.close, name="close"),
    path("<int:pk>/decide/", views.decide, name="decide"),
    path("rules/", views.rules, name="rules"),
    path("patients/<int:patient_pk>/checks/<slug:rule>/book/", views.book_check, name="book_check"),
    path("patients/<int:patient_pk>/checks/<slug:rule>/close/", views.close_watch, name="close_watch"),
    path("patients/<int:patient_pk>/checks/<slug:rule>/reopen/", views.reopen_watch, name="reopen_watch"),
    path("visits/<int:visit_pk>/health-check/", views.health_check, name="health_check"),
    path("reports/", views.reports, name="reports"),
    path("reports/<int:pk>/", views.report, name="report"),
    path("reports/<int:pk>/read/", views.read, name="read"),
    path("reports/<int:pk>/answer/", views.answer, name="answer"),
]
