from django.urls import path

from . import views

app_name = "wording"
urlpatterns = [
    path("", views.kinds, name="list"),
    path("<slug:kind>/<slug:language>/", views.wording, name="change"),
]
