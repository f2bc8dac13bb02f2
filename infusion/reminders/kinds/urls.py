from django.urls import path

from . import views

app_name = "kinds"
urlpatterns = [path("", views.kinds, name="list")]
