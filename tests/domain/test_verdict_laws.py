"""May we treat? The laws that hold for every patient, every chart and every day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from evaluation.domain.kinds import KINDS
from evaluation.domain.requirements import DEFAULTS, Asked, Purpose, Subject
from evaluation.domain.values import read_stored
from evaluation.domain.verdict import Evidence, Standing, State, judge
from tests.evidence import ANSWERED, DAY, GOOD, evidence

VALUES = {
    kind.code: [
        *(
            f"{choice.code} 2026-11-10" if choice.code in kind.dated else choice.code
            for choice in kind.choices
        ),
        *(["0", "1", "2.9", "4.4", "8", "12"] if kind.is_numeric else []),
    ]
    for kind in KINDS.values()
}
pieces = st.sampled_from(sorted(VALUES)).flatmap(
    lambda kind: st.builds(
        Evidence,
        st.just(kind),
        st.sampled_from(VALUES[kind]),
        st.dates(date(2025, 6, 1), date(2026, 12, 31)),
        st.none() | st.dates(date(2026, 6, 1), date(2027, 12, 31)),
    )
)
# What others report can only stand in the way: without it a verdict may be better.
REPORTED = {
    kind
    for each in DEFAULTS.requirements
    if each.asked == Asked.WHEN_REPORTED
    for group in each.needs
    for kind in group
}
# Mostly good evidence, so that the laws are tried on verdicts that permit as well.
charts = st.tuples(st.sets(st.sampled_from(sorted(GOOD)), max_size=3), st.lists(pieces, max_size=6)).map(
    lambda drawn: (*(each for each in evidence(ANSWERED) if each.kind not in drawn[0]), *drawn[1])
)
subjects = st.builds(
    Subject,
    st.dates(date(1930, 1, 1), date(2012, 1, 1)),
    st.sampled_from(["female", "male", "other", "unknown"]),
    st.sampled_from(["yes", "no", "unknown"]),
    st.sampled_from(["yes", "no", "unknown"]),
    st.booleans(),
    st.sampled_from(["RA", "SLE", "MS", "AIHA", "GPA", "MPA", "PV", ""]),
)
purposes = st.sampled_from(list(Purpose))
days = st.dates(DAY, DAY + timedelta(days=400))
starts = st.none() | st.dates(DAY - timedelta(days=300), DAY + timedelta(days=60))


@given(subjects, charts, purposes, days, starts, st.randoms(use_true_random=False))
def test_law_the_order_of_the_evidence_does_not_matter(subject, chart, purpose, on, start, random):
    shuffled = list(chart)
    random.shuffle(shuffled)
    first = judge(subject, chart, on=on, purpose=purpose, course_start=start)
    assert judge(subject, shuffled, on=on, purpose=purpose, course_start=start) == first
    assert judge(subject, [*chart, *chart], on=on, purpose=purpose, course_start=start) == first


@given(subjects, charts, purposes, days, starts, st.sampled_from(sorted(GOOD)))
def test_law_without_something_required_nothing_is_permitted(subject, chart, purpose, on, start, kind):
    required = any(
        (kind,) in each.needs_for(subject.condition) and each.applies.concerns(subject, on) is not False
        for each in DEFAULTS.serving(purpose)
        if each.asked == Asked.ALWAYS
    )
    less = [each for each in chart if each.kind != kind]
    if required:
        assert not judge(subject, less, on=on, purpose=purpose, course_start=start).permits


@given(subjects, charts, purposes, days, starts)
def test_law_removing_evidence_never_makes_a_clear_verdict_better(subject, chart, purpose, on, start):
    ranks = list(State)
    whole = judge(subject, chart, on=on, purpose=purpose, course_start=start)
    for place, piece in enumerate(chart):
        alone = [each.kind for each in chart].count(piece.kind) == 1
        if alone and piece.kind not in REPORTED and whole.permits:
            found = judge(
                subject, chart[:place] + chart[place + 1 :], on=on, purpose=purpose, course_start=start
            )
            assert ranks.index(found.state) <= ranks.index(whole.state)


@given(subjects, charts, purposes, days, starts)
def test_law_an_answer_that_was_given_anew_no_longer_counts(subject, chart, purpose, on, start):
    lasting = {"hypersensitivity", "pml_history", "live_vaccine", "infusion_reaction", "infection_report"}
    whole = judge(subject, chart, on=on, purpose=purpose, course_start=start)
    for place, piece in enumerate(chart):
        newer = any(
            e.kind == piece.kind and piece.observed_on < e.observed_on <= on and read_stored(e.kind, e.value)
            for e in chart
        )
        if newer and piece.kind not in lasting:
            less = chart[:place] + chart[place + 1 :]
            assert judge(subject, less, on=on, purpose=purpose, course_start=start) == whole


@given(subjects, charts, purposes, days, st.integers(0, 400), starts)
def test_law_a_later_day_never_mends_what_has_lapsed(subject, chart, purpose, on, more, start):
    known = [each for each in chart if each.observed_on <= on]
    first = judge(subject, known, on=on, purpose=purpose, course_start=start)
    later = judge(subject, known, on=on + timedelta(days=more), purpose=purpose, course_start=start)
    for before, after in zip(first.findings, later.findings, strict=False):
        if before.code == after.code and before.standing == Standing.LAPSED:
            assert after.standing != Standing.MET


@given(subjects, charts, purposes, days, starts)
def test_law_the_state_is_the_worst_finding_and_every_block_says_who_must_act(
    subject, chart, purpose, on, start
):
    verdict = judge(subject, chart, on=on, purpose=purpose, course_start=start)
    assert verdict.permits == (verdict.blocking == ())
    assert all(finding.acts and finding.words for finding in verdict.blocking)
    assert (verdict.hold_until is None) or (verdict.state == State.HOLD and verdict.hold_until > on)
    assert verdict.as_json()["state"] == verdict.state.value
