"""The site's addresses with the demo's own mounted, as in the demo."""

from django.urls import include, path

from infusion.urls import urlpatterns as of_the_site

urlpatterns = [*of_the_site, path("demo/", include("infusion.demo.urls"))]
