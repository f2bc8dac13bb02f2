"""The addresses of re-planning. They stand in the shell, because the boards they draw are the desk's."""

from django.urls import path

from . import views

app_name = "replans"
urlpatterns = [
    path("", views.start, name="start"),
    path("day/", views.day, name="day"),
    path("month/", views.month, name="month"),
    path("<int:pk>/", views.plan, name="plan"),
    path("<int:pk>/progress/", views.progress, name="progress"),
    path("<int:pk>/stop/", views.stop, name="stop"),
    path("<int:pk>/here/", views.here, name="here"),
    path("<int:pk>/again/", views.again, name="again"),
    path("<int:pk>/apply/", views.apply, name="apply"),
    path("<int:pk>/discard/", views.discard, name="discard"),
    path("<int:pk>/note/", views.note, name="note"),
]
