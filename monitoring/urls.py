from django.urls import path

from . import views

app_name = "monitoring"
urlpatterns = [
    path("", views.follow_up_list, name="list"),
    path("patients/<int:patient_pk>/panel/", views.panel, name="panel"),
    path("<int:pk>/book/", views.book, name="book"),
    path("<int:pk>/close/", views.close, name="close"),
]
