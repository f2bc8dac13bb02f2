from django.urls import path

from . import views

app_name = "bedside"
urlpatterns = [
    path("<int:pk>/bedside/", views.page, name="page"),
    path("<int:pk>/bedside/live/", views.live, name="live"),
    path("<int:pk>/bedside/chart/<slug:kind>/", views.add, name="add"),
    path("<int:pk>/bedside/entries/<int:entry>/", views.correct, name="correct"),
]
