from django.urls import path

from . import views

app_name = "reports"
urlpatterns = [
    path("patients/<int:patient_pk>/response/", views.response, name="response"),
    path("patients/<int:patient_pk>/response/panel/", views.panel, name="response_panel"),
]
