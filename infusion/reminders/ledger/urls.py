from django.urls import path

from . import stopping, views

app_name = "ledger"
urlpatterns = [
    path("", views.messages_list, name="list"),
    path("<int:pk>/again/", views.again, name="again"),
    path("stop/<str:token>/", stopping.stop, name="stop"),
]
