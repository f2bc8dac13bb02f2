from django.urls import path

from . import views

app_name = "setup"
urlpatterns = [
    path("", views.hours, name="hours"),
    path("closures/add/", views.add_closure, name="add_closure"),
    path("closures/<int:pk>/remove/", views.remove_closure, name="remove_closure"),
    path("holidays/", views.holidays, name="holidays"),
    path("chairs/", views.chairs, name="chairs"),
    path("chairs/<int:pk>/", views.chair, name="chair"),
    path("chairs/<int:pk>/out/", views.add_outage, name="add_outage"),
    path("outages/<int:pk>/back/", views.end_outage, name="end_outage"),
    path("nurses/", views.nurses, name="nurses"),
    path("nurses/<int:pk>/", views.nurse, name="nurse"),
    path("nurses/<int:pk>/leave/", views.add_leave, name="add_leave"),
    path("leave/<int:pk>/remove/", views.remove_leave, name="remove_leave"),
    path("shifts/<int:pk>/", views.shift, name="shift"),
    path("portal/", views.portal, name="portal"),
    path("capacity/", views.rules, name="rules"),
]
