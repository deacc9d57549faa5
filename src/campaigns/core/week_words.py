"""Hours of a week as a person reads them: `mon-fri 09:00-12:30, 13:30-19:00; sat 10:00-14:00`."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.core.definition import Span

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def week(days: Sequence[Sequence[Span]]) -> str:
    """The open days, neighbours with the same hours together; empty where none is open."""
    groups: list[tuple[int, int, Sequence[Span]]] = []
    for day, spans in enumerate(days):
        if groups and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], day, spans)
        else:
            groups.append((day, day, spans))
    return "; ".join(
        f"{_days(first, last)} {day_hours(spans)}" for first, last, spans in groups if spans
    )


def day_hours(spans: Sequence[Span]) -> str:
    """`09:00-12:30, 13:30-19:00`."""
    return ", ".join(f"{_clock(span.start)}-{_clock(span.end)}" for span in spans)


def _days(first: int, last: int) -> str:
    if (first, last) == (0, 6):
        return "every day"
    return DAYS[first] if first == last else f"{DAYS[first]}-{DAYS[last]}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
