from django.urls import path

from . import views

app_name = "interop"
urlpatterns = [
    path("", views.upload, name="upload"),
    path("results/", views.upload_results, name="results"),
    path("results/<int:pk>/", views.results_batch, name="results_batch"),
    path("results/<int:pk>/confirm/", views.confirm_results, name="confirm_results"),
    path("results/<int:pk>/give-up/", views.give_up_results, name="give_up_results"),
    path("results/<int:pk>/refused.csv", views.refused_results, name="refused_results"),
    path("<int:pk>/", views.batch, name="batch"),
    path("<int:pk>/confirm/", views.confirm, name="confirm"),
    path("<int:pk>/give-up/", views.give_up, name="give_up"),
    path("<int:pk>/refused.csv", views.refused, name="refused"),
]
