from django.urls import path

from . import views

app_name = "interop"
urlpatterns = [
    path("", views.upload, name="upload"),
    path("<int:pk>/", views.batch, name="batch"),
    path("<int:pk>/confirm/", views.confirm, name="confirm"),
    path("<int:pk>/give-up/", views.give_up, name="give_up"),
    path("<int:pk>/refused.csv", views.refused, name="refused"),
]
