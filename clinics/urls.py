from django.urls import path

from . import views

app_name = "clinics"
urlpatterns = [
    path("audit/", views.audit, name="audit"),
    path("tasks/<int:pk>/", views.close_task, name="task"),
    path("my-settings/", views.own, name="own"),
    path("people/", views.people, name="people"),
    path("people/<int:pk>/", views.change_member, name="change_member"),
]
