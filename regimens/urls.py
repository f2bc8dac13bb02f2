from django.urls import path

from . import views

app_name = "regimens"
urlpatterns = [
    path("", views.regimen_list, name="list"),
    path("load/", views.load, name="load"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/approve/", views.approve, name="approve"),
    path("<int:pk>/compare/", views.compare, name="compare"),
    path("<int:pk>/new-version/", views.edit, name="edit"),
]
