"""The addresses of the day's steps. They stand in the shell, because a step's consequences span rooms."""

from django.urls import path

from . import steps

app_name = "treatment"
urlpatterns = [
    path("<int:pk>/arrive/", steps.arrive, name="arrive"),
    path("<int:pk>/start/", steps.start, name="start"),
    path("<int:pk>/finish/", steps.finish, name="finish"),
    path("<int:pk>/complete/", steps.complete, name="complete"),
    path("<int:pk>/no-show/", steps.no_show, name="no_show"),
    path("<int:pk>/undo/", steps.undo, name="undo"),
]
