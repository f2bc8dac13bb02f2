"""``manage.py protocol`` as a pharmacist runs it: exact output, clear refusals, and no database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from regimens.defaults import default_regimens

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("protocol", *arguments, stdout=out)
    return out.getvalue()


def run_shell(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with a database that is not there."""
    nowhere = {**os.environ, "DATABASE_URL": "postgres:///nothing?host=/nowhere", "INFUSION_TESTING": ""}
    return subprocess.run(
        [sys.executable, "manage.py", "protocol", *arguments],
        cwd=ROOT,
        env=nowhere,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_dates_prints_the_clamped_series_as_json():
    rows = json.loads(
        run("dates", "--regimen", "STANDARD", "--start", "2026-08-31", "--count", "6", "--json")
    )
    assert rows == [
        {
            "n": 1,
            "phase": "induction",
            "date": "2026-08-31",
            "earliest": "2026-08-30",
            "latest": "2026-09-03",
        },
        {
            "n": 2,
            "phase": "induction",
            "date": "2026-09-14",
            "earliest": "2026-09-13",
            "latest": "2026-09-17",
        },
        {
            "n": 3,
            "phase": "maintenance",
            "date": "2027-02-28",
            "earliest": "2027-02-28",
            "latest": "2027-03-28",
        },
        {
            "n": 4,
            "phase": "maintenance",
            "date": "2027-08-31",
            "earliest": "2027-08-31",
            "latest": "2027-09-28",
        },
        {
            "n": 5,
            "phase": "maintenance",
            "date": "2028-02-29",
            "earliest": "2028-02-29",
            "latest": "2028-03-28",
        },
        {
            "n": 6,
            "phase": "maintenance",
            "date": "2028-08-31",
            "earliest": "2028-08-31",
            "latest": "2028-09-28",
        },
    ]


def test_dates_without_json_prints_a_table():
    assert run("dates", "--regimen", "STANDARD", "--start", "2026-03-10", "--count", "2").splitlines() == [
        "  n  phase        date        earliest    latest      dose",
        "  1  induction    2026-03-10  2026-03-09  2026-03-13  1000 mg",
        "  2  induction    2026-03-24  2026-03-23  2026-03-27  1000 mg",
    ]


@pytest.mark.parametrize(
    ("profile", "dose", "minutes"),
    [
        ("first_standard", "1000", 255),
        ("subsequent_standard", "1000", 195),
        ("first_standard", "500", 175),
        ("subsequent_standard", "500", 120),
    ],
)
def test_rate_prints_the_known_minutes(profile, dose, minutes):
    answer = json.loads(run("rate", "--profile", profile, "--dose-mg", dose, "--json"))
    assert (answer["total_minutes"], answer["total_minutes_exact"]) == (minutes, str(minutes))
    assert sum(step["dose_mg"] for step in answer["steps"]) == int(dose)


def test_rate_keeps_the_exact_fraction_beside_the_number():
    answer = json.loads(run("rate", "--profile", "subsequent_standard", "--dose-mg", "437.5", "--json"))
    assert (answer["total_minutes"], answer["total_minutes_exact"]) == (110.625, "885/8")
    assert answer["steps"][-1] == {
        "n": 4,
        "rate_mg_h": 400,
        "start_minute": 90,
        "minutes": 20.625,
        "minutes_exact": "165/8",
        "dose_mg": 137.5,
    }


def test_rate_without_json_prints_a_table():
    assert run("rate", "--profile", "subsequent_standard", "--dose-mg", "437.5").splitlines() == [
        "Later infusions, standard: 437.5 mg in 110 5/8 minutes",
        "  n   mg/h   from minute       minutes            mg",
        "  1    100             0            30            50",
        "  2    200            30            30           100",
        "  3    300            60            30           150",
        "  4    400            90        20 5/8       137 1/2",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "dates --regimen NOPE --start 2026-01-01 --count 1",
            f"There is no regimen 'NOPE'. Known: {', '.join(sorted(default_regimens()))}.",
        ),
        (
            "dates --regimen STANDARD --start 2026-02-31 --count 1",
            "--start: '2026-02-31' is not a date of the calendar. Write it as YYYY-MM-DD.",
        ),
        (
            "dates --regimen STANDARD --start 20260101 --count 1",
            "--start: '20260101' is not a date of the calendar. Write it as YYYY-MM-DD.",
        ),
        (
            "dates --regimen STANDARD --start 2026-01-01 --count 0",
            "The number of infusions must be from 1 to 200.",
        ),
        (
            "dates --regimen STANDARD --start 2026-01-01 --count two",
            "--count: 'two' is not a whole number.",
        ),
        (
            "dates --regimen STANDARD --start 9999-06-01 --count 4",
            "These dates run outside the calendar (years 1 to 9999).",
        ),
        (
            "rate --profile eu_ra_120 --dose-mg 1000 --condition MS",
            "RA, 120 minutes (EU) is only for RA, not for MS.",
        ),
        (
            "rate --profile eu_ra_120 --dose-mg 500",
            "RA, 120 minutes (EU) is only for a dose of 1000 mg, not for 500 mg.",
        ),
        ("rate --dose-mg 1000", "Name a rate profile with --profile, or ask for --table."),
        ("rate --profile first_standard --mg-per-m2 375", "--mg-per-m2 and --bsa belong together."),
        (
            "rate --profile first_standard",
            "Give the dose either with --dose-mg or with --mg-per-m2 and --bsa.",
        ),
        (
            "rate --profile first_standard --mg-per-m2 375 --bsa 18.3",
            "--bsa: '18.3' is not a body surface. Write square metres above 0 and at most 4, "
            "with at most 3 decimal places.",
        ),
        (
            "rate --profile fast --dose-mg 1000",
            "There is no rate profile 'fast'. Known: eu_ra_120, first_standard, subsequent_standard, us_nhl_90.",
        ),
    ],
)
def test_bad_argument_is_told_clearly(arguments, message):
    with pytest.raises(CommandError) as raised:
        run(*arguments.split())
    assert str(raised.value) == message


@pytest.mark.parametrize("dose", ["100", "690", "1000"])
def test_lymphoma_profile_is_refused_with_its_reason(dose):
    with pytest.raises(CommandError) as raised:
        run("rate", "--profile", "us_nhl_90", "--dose-mg", dose)
    assert str(raised.value).endswith("It is not for autoimmune disease.")


def test_rate_by_body_surface_says_how_the_dose_was_reckoned():
    lines = run(
        "rate", "--profile", "subsequent_standard", "--mg-per-m2", "375", "--bsa", "1.83"
    ).splitlines()
    assert lines[:2] == [
        "375 mg/m² × 1.83 m² = 690 mg (686.25 mg rounded to the nearest 10 mg)",
        "Later infusions, standard: 690 mg in 148 1/2 minutes",
    ]


def test_rate_of_the_ra_profile_names_what_must_hold():
    lines = run("rate", "--profile", "eu_ra_120", "--dose-mg", "1000").splitlines()
    assert lines[0] == "RA, 120 minutes (EU): 1000 mg in 117 1/2 minutes"
    assert len([line for line in lines if line.startswith("  - ")]) == 4


def test_table_has_every_profile_at_every_dose_or_its_refusal():
    lines = run("rate", "--table").splitlines()
    rows = {(line[:20].strip(), line[22:52].strip()): line[54:].split() for line in lines[1:]}
    assert rows["first_standard", "1000 mg"][:2] == ["255", "255"]
    assert rows["subsequent_standard", "500 mg"][:2] == ["120", "120"]
    assert rows["eu_ra_120", "1000 mg"][:2] == ["117", "1/2"]
    refused = [key for key, rest in rows.items() if rest[:1] == ["refused:"]]
    assert [
        (code, len([key for key in refused if key[0] == code])) for code in ("eu_ra_120", "us_nhl_90")
    ] == [
        ("eu_ra_120", 11),
        ("us_nhl_90", 12),
    ]


@pytest.mark.parametrize("dose", ["0", "-5", "NaN", "Infinity", "1e400", "1000000", "0.0001", "٣", "1,5", ""])
def test_dose_that_is_none_is_refused(dose):
    with pytest.raises(CommandError) as raised:
        run("rate", "--profile", "first_standard", f"--dose-mg={dose}")
    assert str(raised.value) == (
        f"--dose-mg: {dose!r} is not a dose. Write milligrams above 0 and at most 5000, "
        "with at most 3 decimal places."
    )


def test_command_needs_no_database():
    done = run_shell("dates", "--regimen", "STANDARD", "--start", "2026-08-31", "--count", "3", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [row["date"] for row in json.loads(done.stdout)] == ["2026-08-31", "2026-09-14", "2027-02-28"]


@pytest.mark.parametrize(
    "arguments",
    ["", "dates", "dates --regimen STANDARD --start 31-08-2026 --count 1", "rate --profile x --dose-mg 1"],
)
def test_bad_call_fails_without_a_traceback(arguments):
    done = run_shell(*arguments.split())
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("Traceback") == 0
    assert len(done.stderr.strip()) > 0
