from django.urls import path

from . import views
from .wishes import views as wishes

app_name = "reminders"
urlpatterns = [
    path("patient/<int:pk>/", views.for_patient, name="for_patient"),
    path("patient/<int:pk>/wishes/", wishes.wishes, name="wishes"),
    path("message/<int:pk>/", views.message, name="message"),
    path("message/<int:pk>/letter/", views.letter, name="letter"),
]
