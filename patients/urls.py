from django.urls import path

from . import views

app_name = "patients"
urlpatterns = [
    path("", views.patient_list, name="list"),
    path("add/", views.add, name="add"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/background/", views.background, name="background"),
    path("<int:pk>/diagnoses/add/", views.add_diagnosis, name="add_diagnosis"),
    path("<int:pk>/measurements/add/", views.measure, name="measure"),
    path("<int:pk>/medicines/add/", views.add_medicine, name="add_medicine"),
    path("<int:pk>/medicines/<int:medicine_pk>/", views.change_medicine, name="change_medicine"),
    path("<int:pk>/earlier-infusions/add/", views.add_earlier_infusion, name="add_earlier_infusion"),
    path("<int:pk>/wishes/", views.wishes, name="wishes"),
    path("<int:pk>/address-works/", views.address_works, name="address_works"),
    path("<int:pk>/deceased/", views.mark_deceased, name="deceased"),
    path("<int:pk>/invite/", views.invite, name="invite"),
    path("<int:pk>/portal/<int:access_pk>/close/", views.revoke, name="revoke"),
    path("diagnoses/<int:pk>/", views.decide_diagnosis, name="decide_diagnosis"),
]
