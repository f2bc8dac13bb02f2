from django.urls import path

from . import views

app_name = "gates"
urlpatterns = [
    path("", views.ahead, name="ahead"),
    path("opened/", views.opened, name="opened"),
    path("visits/<int:pk>/", views.sheet, name="sheet"),
    path("visits/<int:pk>/open/", views.open_gate, name="open"),
    path("visits/<int:pk>/ask/", views.ask, name="ask"),
    path("visits/<int:pk>/called/", views.called, name="called"),
    path("overrides/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
]
