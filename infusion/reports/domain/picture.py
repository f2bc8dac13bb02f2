"""The picture of a response: where each line, dot and mark stands. Pure geometry, in the units of a drawing.

From top to bottom: the infusions, the disease score with its cut-offs, the relapses, the steroid dose, the
months. Time runs in days from left to right and is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import floor, log10

from regimens.domain.dates import add_months

LANE, SCORE, STEROIDS, MONTHS, GAP = 26.0, 230.0, 84.0, 26.0, 12.0
NAME_HEIGHT = 15.0
CHARACTER = 6.4


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a day; ``words`` is how it is read out."""

    on: date
    value: Decimal
    words: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A cut-off: values up to it are called ``label``."""

    value: Decimal
    label: str


@dataclass(frozen=True, slots=True)
class Course:
    """What the picture shows, each in order of time. ``from_zero``: the score's axis begins at zero."""

    points: tuple[Point, ...]
    steroids: tuple[Point, ...] = ()
    relapses: tuple[date, ...] = ()
    infusions: tuple[date, ...] = ()
    limits: tuple[Limit, ...] = ()
    from_zero: bool = True

    @property
    def days(self) -> list[date]:
        dated = [each.on for each in (*self.points, *self.steroids)]
        return sorted({*dated, *self.relapses, *self.infusions})


@dataclass(frozen=True, slots=True)
class Frame:
    """How wide the drawing is, how much room the labels on the left need, and how many months are named."""

    width: float
    left: float
    months: int


WIDE, NARROW = Frame(940, 52, 10), Frame(350, 40, 4)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and what stands there."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    x: str
    y: str
    words: str
    text: str = ""
    below: bool = False
    """Its number stands below it: above, the plot's own name stands in the way."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: its upper and lower edge, the axis, a line through its points, the area below it."""

    top: str
    bottom: str
    ticks: tuple[Tick, ...]
    line: str = ""
    area: str = ""
    dots: tuple[Dot, ...] = ()
    limits: tuple[Tick, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything the drawing needs, as texts: a template only writes them down."""

    width: str
    height: str
    left: str
    right: str
    score: Panel
    steroids: Panel | None
    infusions: tuple[Dot, ...]
    relapses: tuple[Dot, ...]
    lane: str
    relapse_lane: str
    months: tuple[Tick, ...]
    month_line: str
    today: str


def draw(course: Course, frame: Frame, *, today: date) -> Picture | None:
    """The picture of a course up to today, or None where there is nothing to show."""
    days = [day for day in course.days if day <= today]
    if not days:
        return None
    time = _Time(days[0], max(today, days[0] + timedelta(days=60)), frame)
    top = LANE
    score = _score(course, time, top)
    relapse_lane = top + SCORE + GAP + LANE / 2
    below = relapse_lane + LANE / 2
    steroids = _steroids(course.steroids, time, below + GAP, today) if course.steroids else None
    bottom = below + (GAP + STEROIDS if steroids else 0)
    return Picture(
        width=_text(frame.width),
        height=_text(bottom + MONTHS),
        left=_text(frame.left),
        right=_text(time.right),
        score=score,
        steroids=steroids,
        infusions=_infusions(course.infusions, time, today),
        relapses=tuple(
            Dot(time.at(day), _text(relapse_lane), _long(day)) for day in course.relapses if day <= today
        ),
        lane=_text(LANE - 8),
        relapse_lane=_text(relapse_lane),
        months=_months(time, frame.months),
        month_line=_text(bottom),
        today=time.at(today),
    )


def nice_ticks(lowest: Decimal, highest: Decimal, most: int = 5) -> tuple[Decimal, ...]:
    """Round numbers, evenly spaced, that hold both ends between the first and the last; at most ``most`` steps."""
    highest = max(highest, lowest + 1)
    span = highest - lowest
    power = Decimal(10) ** floor(log10(span / most))
    step = next(power * each for each in (1, 2, 5, 10, 20) if _steps(lowest, highest, power * each) <= most)
    first = (lowest / step).to_integral_value("ROUND_FLOOR") * step
    count = _steps(lowest, highest, step)
    return tuple(first + step * number for number in range(count + 1))


def _steps(lowest: Decimal, highest: Decimal, step: Decimal) -> int:
    first = (lowest / step).to_integral_value("ROUND_FLOOR")
    last = (highest / step).to_integral_value("ROUND_CEILING")
    return max(int(last - first), 1)


class _Time:
    """Where a day stands between the left and the right edge."""

    def __init__(self, first: date, last: date, frame: Frame) -> None:
        self.first, self.last, self.left = first, last, frame.left
        self.right = frame.width - 14

    def place(self, day: date) -> float:
        share = (day - self.first).days / (self.last - self.first).days
        return self.left + share * (self.right - self.left)

    def at(self, day: date) -> str:
        return _text(self.place(day))


class _Height:
    """Where a value stands between the lower and the upper edge of a plot."""

    def __init__(self, ticks: Sequence[Decimal], top: float, tall: float) -> None:
        self.lowest, self.highest, self.top, self.tall = ticks[0], ticks[-1], top, tall
        self.bottom = top + tall

    def place(self, value: Decimal) -> float:
        return self.bottom - float((value - self.lowest) / (self.highest - self.lowest)) * self.tall

    def at(self, value: Decimal) -> str:
        return _text(self.place(value))


def _score(course: Course, time: _Time, top: float) -> Panel:
    values = [each.value for each in course.points] or [Decimal(0)]
    ticks = nice_ticks(Decimal(0) if course.from_zero else min(values), max(values))
    height = _Height(ticks, top, SCORE)
    places = [(time.place(each.on), height.place(each.value), each) for each in course.points]
    return Panel(
        top=_text(top),
        bottom=_text(height.bottom),
        ticks=tuple(Tick(height.at(each), _number(each)) for each in ticks),
        line=_line((x, y) for x, y, _ in places),
        dots=_dots(places, height.top),
        limits=_limits(course.limits, height),
    )


def _limits(limits: Sequence[Limit], height: _Height) -> tuple[Tick, ...]:
    """The cut-offs inside the axis, each with the name of the values below it where there is room for it."""
    inside = [each for each in limits if height.lowest < each.value < height.highest]
    lower = [height.bottom, *(height.place(each.value) for each in inside)]
    return tuple(
        Tick(height.at(each.value), each.label if below - height.place(each.value) >= NAME_HEIGHT else "")
        for each, below in zip(inside, lower, strict=False)
    )


def _dots(places: Sequence[tuple[float, float, Point]], top: float) -> tuple[Dot, ...]:
    """Each value with its number beside it where there is room; the last one always has it."""
    named: set[int] = set()
    taken = float("inf")
    for number in range(len(places) - 1, -1, -1):
        if taken - places[number][0] >= 34:
            named.add(number)
            taken = places[number][0]
    return tuple(
        Dot(
            _text(x),
            _text(y),
            each.words,
            _number(each.value) if number in named else "",
            below=y - top < 2 * NAME_HEIGHT,
        )
        for number, (x, y, each) in enumerate(places)
    )


def _steroids(points: Sequence[Point], time: _Time, top: float, today: date) -> Panel:
    """A dose stands from its day until the next one."""
    ticks = nice_ticks(Decimal(0), max(each.value for each in points), 3)
    height = _Height(ticks, top, STEROIDS)
    corners: list[tuple[float, float]] = []
    for number, each in enumerate(points):
        until = points[number + 1].on if number + 1 < len(points) else today
        corners += [
            (time.place(each.on), height.place(each.value)),
            (time.place(until), height.place(each.value)),
        ]
    closed = [(corners[0][0], height.bottom), *corners, (corners[-1][0], height.bottom)]
    return Panel(
        top=_text(top),
        bottom=_text(height.bottom),
        ticks=tuple(Tick(height.at(each), _number(each)) for each in ticks),
        line=_line(corners),
        area=_line(closed),
    )


def _infusions(days: Sequence[date], time: _Time, today: date) -> tuple[Dot, ...]:
    """Each infusion with its number where there is room for it."""
    found: list[Dot] = []
    taken = float("-inf")
    for number, day in enumerate(days, start=1):
        if day > today:
            continue
        x = time.place(day)
        text = str(number) if x - taken >= 8 + CHARACTER * len(str(number)) else ""
        taken = x if text else taken
        found.append(Dot(_text(x), _text(LANE), f"{number}, {_long(day)}", text))
    return tuple(found)


def _months(time: _Time, most: int) -> tuple[Tick, ...]:
    """The first days of months, as many as can be read."""
    first = time.first.replace(day=1)
    if first < time.first:
        first = add_months(first, 1)
    whole = (time.last.year - first.year) * 12 + time.last.month - first.month
    step = next((each for each in (1, 2, 3, 6, 12, 24, 60) if whole // each < most), 120)
    days = [add_months(first, step * number) for number in range(whole // step + 1)]
    return tuple(Tick(time.at(day), f"{day:%b %y}") for day in days if day <= time.last)


def _line(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_text(x)},{_text(y)}" for x, y in places)


def _text(number: float) -> str:
    """A coordinate to a tenth, without a trailing zero."""
    return f"{number:.1f}".removesuffix(".0")


def _number(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
