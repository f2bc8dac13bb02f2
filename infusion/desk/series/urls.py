from django.urls import path

from . import views

app_name = "series"
urlpatterns = [
    path("visits/<int:pk>/", views.move, name="move"),
    path("infusions/<int:pk>/", views.decide, name="decide"),
    path("changes/<int:pk>/undo/", views.undo, name="undo"),
]
