from django.urls import path

from . import views

app_name = "scheduling"
urlpatterns = [
    path("patients/<int:patient_pk>/panel/", views.panel, name="panel"),
    path("clearances/<int:pk>/prescribe/", views.prescribe, name="prescribe"),
    path("courses/<int:pk>/", views.course, name="course"),
    path("courses/<int:pk>/start/", views.start, name="start"),
    path("courses/<int:pk>/stop/", views.stop, name="stop"),
    path("courses/<int:pk>/renew/", views.renew, name="renew"),
    path("courses/<int:pk>/retreat/", views.retreat, name="retreat"),
    path("courses/<int:pk>/version/", views.version, name="version"),
    path("courses/<int:pk>/doses/", views.recompute, name="recompute"),
    path("courses/<int:pk>/beside/<slug:code>/", views.co_therapy, name="co_therapy"),
    path("courses/<int:pk>/instructions/", views.enter_instruction, name="enter_instruction"),
    path("instructions/<int:pk>/", views.change_instruction, name="change_instruction"),
    path("instructions/<int:pk>/end/", views.end_instruction, name="end_instruction"),
    path("courses/<int:pk>/pair/", views.pair, name="pair"),
    path("courses/<int:pk>/hold/", views.hold, name="hold"),
    path("infusions/<int:pk>/rates/", views.rates, name="rates"),
    path("infusions/<int:pk>/release/", views.release, name="release"),
    path("infusions/<int:pk>/times/", views.single, name="single"),
    path("visits/<int:pk>/", views.visit, name="visit"),
    path("visits/<int:pk>/move/", views.move, name="move"),
    path("visits/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("requests/<int:pk>/", views.patient_request, name="request"),
    path("times/free/", views.free, name="free"),
    path("waiting/", views.waiting, name="waiting"),
    path("waiting/time/", views.freed, name="freed"),
    path("waiting/<int:pk>/leave/", views.leave, name="leave"),
    path("infusions/<int:pk>/waiting/", views.wait, name="wait"),
    path("offers/<int:pk>/answer/", views.answer, name="answer"),
]
