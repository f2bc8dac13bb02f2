from django.urls import path

from . import views

app_name = "desk"
urlpatterns = [
    path("", views.today, name="today"),
    path("board/", views.board, name="board"),
    path("day-sheet/", views.day_sheet, name="day_sheet"),
    path("worklist/", views.work, name="worklist"),
    path("no-longer-fit/", views.misfits, name="misfits"),
    path("search/", views.search, name="search"),
]
