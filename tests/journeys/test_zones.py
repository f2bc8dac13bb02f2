"""Clocks that change, against an oracle of other make: the browser's own Intl, with its own time-zone data.

Twenty zones, every change of their clocks from 2026 to 2036: half-hour shifts, southern summers, changes at midnight,
a second change for Ramadan, and zones whose rules were changed not long ago.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import TZPATH, ZoneInfo

import pytest
from playwright.sync_api import Browser, Page

from clinics.domain.calendar import day_bounds, local_date, local_instant
from clinics.domain.refusals import Refusal
from regimens.domain.dates import add_months
from scheduling.domain.capacity import DayCapacity, NurseRules, Phase
from scheduling.domain.offers import Span, Wishes, pair_offers

ZONES = (
    "Europe/London", "Europe/Berlin", "Europe/Dublin", "Atlantic/Azores", "America/New_York", "America/Los_Angeles",
    "America/St_Johns", "America/Havana", "America/Nuuk", "America/Santiago", "America/Asuncion", "America/Sao_Paulo",
    "Africa/Casablanca", "Africa/Cairo", "Asia/Beirut", "Asia/Jerusalem", "Asia/Almaty", "Australia/Lord_Howe",
    "Australia/Sydney", "Pacific/Chatham",
)  # fmt: skip
# Those have changed their rules for good: what they must show is that nothing changes any more.
WITHOUT_CHANGES = {"America/Asuncion", "America/Sao_Paulo", "Asia/Almaty"}
FIRST, LAST = date(2026, 1, 1), date(2036, 12, 31)
MAY_DIFFER = 2
"""Zones in which the browser's data may differ from Python's without failing the run: data change several times a
year, and the two are not updated together. They are named, and left out."""
NINE = time(9)
PHASES = (Phase("set_up", 30), Phase("steady", 90))

# Everything is reckoned from one question, "what does the clock show at this instant?", which Intl answers.
ORACLE = """
([zone, first, last]) => {
  const shown = new Intl.DateTimeFormat("en-GB", {timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit",
    day: "2-digit", hour: "2-digit", minute: "2-digit"});
  const MINUTE = 60000, DAY = 86400000;
  const kept = new Map();  // the same quarters of an hour are asked for again and again
  const wall = (t) => {
    if (!kept.has(t)) {
      const [d, m, y, h, i] = shown.format(t).match(/\\d+/g).map(Number);
      kept.set(t, Date.UTC(y, m - 1, d, h, i));
    }
    return kept.get(t);
  };
  const between = (low, high, is) => {  // the first minute of (low, high] at which it is so
    while (high - low > MINUTE) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE) * MINUTE;
      if (is(middle)) high = middle; else low = middle;
    }
    return high;
  };
  const instants = (w) => {  // the instants at which the clock shows w
    const found = new Set();
    for (let h = -16; h <= 16; h += 0.25) {
      const t = w - h * 3600000;
      if (wall(t) === w) found.add(t);
    }
    return [...found].sort((a, b) => a - b);
  };
  const begins = (day) => between(day - 2 * DAY, day + 2 * DAY, (t) => wall(t) >= day);
  const changes = [];
  for (let t = first; t < last; t += DAY) {
    const before = wall(t) - t;
    if (wall(t + DAY) - (t + DAY) !== before) {
      const at = between(t, t + DAY, (u) => wall(u) - u !== before);
      changes.push({at, before: before / MINUTE, after: (wall(at) - at) / MINUTE});
    }
  }
  for (const change of changes) {
    const day = Math.floor(wall(change.at) / DAY) * DAY;
    change.walls = [];
    for (let w = day - DAY; w < day + 2 * DAY; w += 30 * MINUTE) change.walls.push([w, instants(w)]);
    for (const edge of [change.before, change.after]) {
      const e = change.at + edge * MINUTE;
      for (const w of [e - MINUTE, e, e + MINUTE]) change.walls.push([w, instants(w)]);
    }
    change.days = [-1, 0, 1, 2].map((n) => [day + n * DAY, begins(day + n * DAY)]);
    change.nines = [];
    for (let n = -15; n <= 15; n++) change.nines.push([day + n * DAY, instants(day + n * DAY + 9 * 60 * MINUTE)]);
  }
  const series = [];
  for (let n = 0; n < 22; n++) {
    const on = Date.UTC(2026, 2 + 6 * n, 15);
    series.push([on, instants(on + 9 * 60 * MINUTE)]);
  }
  return {changes, series};
}
"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(milliseconds: float) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


def day_of(milliseconds: float) -> date:
    return instant(milliseconds).date()


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture(scope="module")
def told(reader: Page) -> dict[str, Any]:
    """What the browser says of every zone."""
    first, last = (
        (datetime.combine(day, time(), tzinfo=UTC) - EPOCH).total_seconds() * 1000
        for day in (FIRST, LAST + timedelta(days=1))
    )
    return {zone: reader.evaluate(ORACLE, [zone, first, last]) for zone in ZONES}


@pytest.fixture(scope="module")
def agreed(told: dict[str, Any], reader: Page) -> dict[str, Any]:
    """The zones whose clocks change at the same instants by both data; says which do not, and the versions."""
    differ = [
        zone
        for zone, answer in told.items()
        if [(instant(each["at"]), each["before"], each["after"]) for each in answer["changes"]]
        != changes_by_python(ZoneInfo(zone))
    ]
    agent = reader.evaluate("navigator.userAgent").rpartition("Chrome/")[2].split()[0]
    count = sum(len(answer["changes"]) for answer in told.values())
    print(f"\n{count} changes in {len(ZONES)} zones; Python's data: {python_data()}; the browser: {agent}")
    if differ:
        print(f"LEFT OUT, because the two data differ: {', '.join(differ)}")
    assert len(differ) <= MAY_DIFFER, f"the data differ for {differ}: update the older one"
    return {zone: answer for zone, answer in told.items() if zone not in differ}


def python_data() -> str:
    for folder in TZPATH:
        source = Path(folder) / "tzdata.zi"
        if source.exists():
            return f"{source.read_text().splitlines()[0].lstrip('# ')} of {folder}"
    from importlib.metadata import version

    return f"version {version('tzdata')} of the package tzdata"


def changes_by_python(zone: ZoneInfo) -> list[tuple[datetime, float, float]]:
    """Where the offset changes, found minute by minute inside the days on which it does."""

    def offset(at: datetime) -> float:
        found = at.astimezone(zone).utcoffset()
        assert found is not None
        return found / timedelta(minutes=1)

    found = []
    day = datetime.combine(FIRST, time(), tzinfo=UTC)
    while day.date() <= LAST:
        after = day + timedelta(days=1)
        if offset(day) != offset(after):
            at = next(
                each
                for each in (day + timedelta(minutes=n) for n in range(1, 1441))
                if offset(each) != offset(day)
            )
            found.append((at, offset(day), offset(at)))
        day = after
    return found


def test_the_table_holds_every_kind_of_change(agreed):
    changes = {zone: answer["changes"] for zone, answer in agreed.items()}
    assert {zone for zone, found in changes.items() if not found} == WITHOUT_CHANGES & set(changes)
    assert min(len(found) for zone, found in changes.items() if zone not in WITHOUT_CHANGES) >= 20
    assert sum(map(len, changes.values())) >= 330
    shifts = {abs(each["after"] - each["before"]) for found in changes.values() for each in found}
    assert shifts == {30, 60}


def test_a_wall_clock_time_is_its_instant_or_a_reason(agreed):
    asked = {"once": 0, "never": 0, "twice": 0}
    for name, answer in agreed.items():
        zone = ZoneInfo(name)
        for change in answer["changes"]:
            for wall, instants in change["walls"]:
                shown = instant(wall).replace(tzinfo=None)
                found = local_instant(shown.date(), shown.time(), zone)
                if len(instants) == 1:
                    assert found == instant(instants[0]), f"{name} {shown}"
                    asked["once"] += 1
                    continue
                assert isinstance(found, Refusal), f"{name} {shown}"
                assert found.code == ("ambiguous_time" if instants else "nonexistent_time"), f"{name} {shown}"
                asked["twice" if instants else "never"] += 1
    print(f"\nwall-clock times asked: {asked}")
    assert min(asked.values()) > 400


def test_a_day_begins_and_ends_where_the_clock_says(agreed):
    lengths = set()
    for name, answer in agreed.items():
        zone = ZoneInfo(name)
        for change in answer["changes"]:
            for (day, begins), (_, ends) in zip(change["days"], change["days"][1:], strict=False):
                found = day_bounds(day_of(day), zone)
                assert found == (instant(begins), instant(ends)), f"{name} {day_of(day)}"
                lengths.add((found[1] - found[0]) / timedelta(hours=1))
    assert lengths == {23, 23.5, 24, 24.5, 25}


def test_a_pair_keeps_its_hour_when_the_clocks_change_between(agreed):
    for name, answer in agreed.items():
        zone = ZoneInfo(name)
        for change in answer["changes"]:
            nines = {day_of(day): instants for day, instants in change["nines"]}
            for first in sorted(nines)[1:16:2]:
                second = first + timedelta(days=14)
                days = {day: open_day(day, zone, opens=NINE) for day in (first, second)}
                best = pair_offers(
                    days,
                    Span(first, first, first),
                    lambda _: PHASES,
                    lambda _: PHASES,
                    now=datetime(2025, 1, 1, tzinfo=UTC),
                    wishes=Wishes(at=NINE),
                )[0]
                assert nines[first] == [milliseconds(best.first.starts)], f"{name} {first}"
                assert nines[second] == [milliseconds(best.second.starts)], f"{name} {second}"


def open_day(day: date, zone: ZoneInfo, opens: time = time(8)) -> DayCapacity:
    return DayCapacity(
        day=day,
        zone=zone,
        hours=(opens, time(18)),
        chairs={1: "Chair 1"},
        shifts={1: ("A nurse", [(time(8), time(18))])},
        rules=NurseRules(),
    )


def milliseconds(at: datetime) -> float:
    return (at - EPOCH) / timedelta(milliseconds=1)


def test_every_time_on_offer_on_the_day_of_a_change_is_what_the_clock_shows(agreed):
    for name, answer in agreed.items():
        zone = ZoneInfo(name)
        for change in answer["changes"]:
            day = local_date(instant(change["at"]), zone)
            capacity = open_day(day, zone)
            for wall, instants in change["walls"]:
                shown = instant(wall)
                if shown.date() == day and time(8) <= shown.time() < time(16):
                    at = capacity.at(shown.time())
                    assert [milliseconds(at)] == instants, f"{name} {shown}"
                    step = capacity.step_of(at)
                    assert capacity.instant_of(step) <= at < capacity.instant_of(step + 1)
                    if shown.minute % 30 == 0:
                        assert capacity.open_starts(PHASES) >> step & 1


def test_a_series_every_six_months_keeps_its_hour(agreed):
    for name, answer in agreed.items():
        zone = ZoneInfo(name)
        for number, (on, instants) in enumerate(answer["series"]):
            day = add_months(date(2026, 3, 15), 6 * number)
            assert day == day_of(on)
            assert [milliseconds(local_instant(day, NINE, zone))] == instants, f"{name} {day}"
