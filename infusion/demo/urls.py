"""The demo's own pages, mounted in the demo only."""

from django.urls import path

from infusion.demo import views

app_name = "demo"
urlpatterns = [
    path("", views.accounts, name="accounts"),
    path("mail/", views.mail_list, name="mail_list"),
    path("mail/<str:name>/", views.mail, name="mail"),
    path("mail/<str:name>/page/", views.mail_page, name="mail_page"),
]
