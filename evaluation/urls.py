from django.urls import path

from . import rule_views, score_views, views

app_name = "evaluation"
urlpatterns = [
    path("requirements/", rule_views.requirements, name="requirements"),
    path("requirements/<slug:code>/", rule_views.rule, name="rule"),
    path("open/<int:diagnosis_pk>/", views.open_new, name="open"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/verdict/", views.verdict, name="verdict"),
    path("<int:pk>/sign/", views.sign, name="sign"),
    path("<int:pk>/close/", views.close, name="close"),
    path("clearances/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("patients/<int:patient_pk>/panel/", views.panel, name="panel"),
    path("patients/<int:patient_pk>/results/", views.results, name="results"),
    path("patients/<int:patient_pk>/results/add/", views.record, name="record"),
    path("patients/<int:patient_pk>/check/", views.check, name="check"),
    path("patients/<int:patient_pk>/check/verdict/", views.check_verdict, name="check_verdict"),
    path("results/<int:pk>/correct/", views.correct, name="correct"),
    path("patients/<int:patient_pk>/scores/", score_views.choose, name="scores"),
    path("patients/<int:patient_pk>/scores/<slug:code>/", score_views.score, name="score"),
    path("patients/<int:patient_pk>/scores/<slug:code>/live/", score_views.live, name="score_live"),
    path("results/<int:pk>/correct-score/", score_views.correct, name="correct_score"),
]
