"""The chart: entries in any order of arrival make one picture, and a correction leaves what it corrects."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.charts import at, entry, rate, ready
from treatment.domain.chart import Kind, read, root_of


def stood(chart):
    """What a chart says, whatever the rows are called."""
    return (
        [(change.at, change.mg_h) for change in chart.changes],
        chart.ended_at,
        chart.state,
        chart.worst_grade,
        [(each.kind, each.happened_at) for kind in Kind for each in chart.of(kind)],
    )


def arrived_as(entries, order):
    """The same entries, written in another order."""
    rows = [entries[place] for place in order]
    return [replace(row, ref=number) for number, row in enumerate(rows, start=1)]


HAPPENED = [
    *ready(),
    rate(35, 50),
    rate(65, 100),
    entry(Kind.REACTION, 70, grade=2, symptoms=["rigors"], text="", act="pause"),
    entry(Kind.PAUSE, 70, reason=""),
    rate(90, 50),
    entry(Kind.VITALS, 50, pulse="80"),
    entry(Kind.STOP, 120, complete=False, dose_mg="", reason="Rigors again."),
]


@given(st.permutations(range(len(HAPPENED))))
def test_chart_is_the_same_in_whatever_order_its_entries_arrive(order):
    assert stood(read(arrived_as(HAPPENED, order))) == stood(read(arrived_as(HAPPENED, range(len(HAPPENED)))))


def test_entries_of_the_same_minute_are_read_in_the_order_of_the_day():
    rows = [entry(Kind.PAUSE, 10), rate(10, 50), entry(Kind.STOP, 10, complete=True)]
    for order in permutations(range(3)):
        chart = read(arrived_as(rows, order))
        assert ([change.mg_h for change in chart.changes], chart.ended.kind) == ([50, 0], Kind.STOP)


def test_state_follows_how_far_the_chart_came():
    before = [entry(Kind.IDENTITY, 0, confirmed=["name", "birth_date"])]
    stages = [before, ready(), [*ready(), rate(30, 50)], HAPPENED]
    assert [read(rows).state for rows in stages] == ["in_chair", "premedicating", "infusing", "observing"]


def test_correction_stands_and_keeps_what_it_corrects():
    first = rate(30, 50)
    second = replace(rate(30, 100), corrects=first.ref, reason="Wrong key.")
    third = replace(rate(32, 100), corrects=second.ref, reason="Two minutes later.")
    chart = read([third, first, second])
    assert [(change.at, change.mg_h) for change in chart.changes] == [(at(32), Fraction(100))]
    (line,) = chart.lines
    assert (line.root, line.entry, line.replaced) == (first.ref, third, (first, second))
    assert root_of(chart, second.ref) == line


def test_entry_that_never_happened_counts_no_more_and_is_still_shown():
    first = entry(Kind.STOP, 60, complete=False, dose_mg="", reason="x")
    void = replace(entry(Kind.STOP, 60, void=True), corrects=first.ref, reason="Pressed by mistake.")
    chart = read([*ready(), rate(30, 50), first, void])
    assert (chart.ended, chart.state) == (None, "infusing")
    assert [line.stands for line in chart.lines if line.entry.kind == Kind.STOP] == [False]


def test_end_before_the_start_ends_nothing():
    assert read([entry(Kind.STOP, 10, complete=True), rate(30, 50)]).state == "infusing"


def test_what_is_said_to_flow_after_the_end_counts_no_more():
    chart = read([rate(0, 50), entry(Kind.STOP, 30, complete=False), rate(40, 100)])
    assert [change.mg_h for change in chart.changes] == [50]
    assert chart.ended_at - chart.began_at == timedelta(minutes=30)
