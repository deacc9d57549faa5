"""The anchor of a row: the moment its touches count from, and the clock it was written by.

An appointment read an hour off is a call at the wrong time and a wrong time told to a person, so
a cell that can be read in two ways makes its row faulty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from campaigns.core import spoken, zones
from campaigns.core.columns import near, no_column
from campaigns.core.definition import Schedule
from campaigns.core.spoken import Moment, Unreadable, Written
from campaigns.errors import DefinitionError, Fault

_TIMES = ("%H", "%I", "%M", "%S", "%p", "%X", "%c")


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchored:
    """One row's anchor. `place` is the calendar that its days are counted on."""

    at: datetime  # UTC
    place: tzinfo
    moment: Moment = field(repr=False)
    zone: str | None = None  # whose wall clock the moment shows, where it has no offset of its own

    @property
    def occasion(self) -> str:
        """What its dial tasks are known by: `2026-03-10T18:00Z`."""
        return occasion(self.at)


class AnchorReader:
    """Reads the anchor's column of one list."""

    def __init__(self, schedule: Schedule, header: Sequence[str]) -> None:
        """Raises DefinitionError where the list does not have what the anchor names."""
        assert schedule.anchor is not None
        anchor = schedule.anchor
        self.column = anchor.column
        self._format = anchor.format
        self._usual = schedule.timezone
        self._zone_column: str | None = None
        self._zone: str | None = None
        faults = []
        if anchor.column not in header:
            faults.append(no_column("schedule.anchor.column", anchor.column, header))
        if anchor.timezone is not None:
            if anchor.timezone in header:
                self._zone_column = anchor.timezone
            elif zones.load(anchor.timezone) is not None:
                self._zone = zones.canonical(anchor.timezone)
            else:
                faults.append(_no_zone(anchor.timezone, header))
        if faults:
            raise DefinitionError(faults)

    def read(self, fields: Mapping[str, str]) -> Anchored:
        """This row's anchor. Raises Unreadable, whose `column` is the one at fault."""
        text = fields.get(self.column, "")
        if not text:
            raise self._refused(self.column, "empty, but the calls of this row count from it")
        zone = self._zone_of(fields)
        try:
            return self._anchored(self._moment(text), zone)
        except Unreadable as fault:
            raise self._refused(self.column, str(fault)) from None
        except OverflowError:
            raise self._refused(self.column, "no such day or time in the calendar") from None

    def written(self, fields: Mapping[str, str]) -> str:
        """The cell as templates get it: with its moment, where it has one."""
        text = fields.get(self.column, "")
        try:
            anchored = self.read(fields)
        except Unreadable:
            return text
        return Written.of(text, anchored.moment, anchored.zone)

    def _zone_of(self, fields: Mapping[str, str]) -> str | None:
        if self._zone_column is None:
            return self._zone
        name = fields.get(self._zone_column, "")
        if not name:
            return None
        if zones.load(name) is None:
            raise self._refused(self._zone_column, f"no IANA time zone ({zones.hint(name)})")
        return zones.canonical(name)

    def _moment(self, text: str) -> Moment:
        if self._format is None:
            return spoken.read(text)
        try:
            found = datetime.strptime(text, self._format)  # noqa: DTZ007  # a wall clock
        except ValueError:
            raise Unreadable("not written in the format that schedule.anchor names") from None
        offset = found.utcoffset()
        with_time = any(part in self._format for part in _TIMES)
        return Moment(
            date=found.date(),
            time=found.time() if with_time else None,
            offset=None if offset is None else timezone(offset),
        )

    def _anchored(self, moment: Moment, zone: str | None) -> Anchored:
        named = zone or (self._usual if moment.offset is None else None)
        if moment.date is not None and moment.offset is None and named is None:
            raise Unreadable(
                "a date without a zone: write its offset, or set schedule.anchor.timezone"
            )
        at = moment.instant(named)
        place: tzinfo | None = zones.load(named) if named else None
        if moment.offset is not None and place is None:
            place = self._agreeing(at, moment.offset) or moment.offset
        assert place is not None
        if moment.offset is None and moment.time is not None:
            wall = at.astimezone(place).replace(tzinfo=None)
            if wall.time() != moment.time:
                raise Unreadable(
                    "a time that does not exist: the clocks go forward over it that day"
                )
        return Anchored(at=at, place=place, moment=moment, zone=named)

    def _agreeing(self, at: datetime, offset: timezone) -> tzinfo | None:
        """schedule.timezone where its clock shows the same: it knows when the clocks change."""
        place = zones.load(self._usual) if self._usual else None
        if place is None or at.astimezone(place).utcoffset() != at.astimezone(offset).utcoffset():
            return None
        return place

    @staticmethod
    def _refused(column: str, reason: str) -> Unreadable:
        refused = Unreadable(reason)
        refused.column = column
        return refused


def occasion(at: datetime) -> str:
    """An instant as the identity of dial tasks writes it: UTC, to the minute where it is one."""
    plain = at.astimezone(UTC).replace(tzinfo=None)
    exact = plain.second or plain.microsecond
    return f"{plain.isoformat(timespec='auto' if exact else 'minutes')}Z"


def reads_back(format: str) -> bool:
    """Whether strptime's `format` tells a year, a month and a day."""
    sample = datetime(2023, 11, 27, 14, 5, 6, tzinfo=timezone(timedelta(hours=-5)))
    try:
        back = datetime.strptime(sample.strftime(format), format)  # noqa: DTZ007  # its date only
    except (ValueError, UnicodeError):
        return False
    return back.date() == sample.date()


def _no_zone(name: str, header: Sequence[str]) -> Fault:
    meant = near(name, header) or zones.suggestion(name)
    return Fault(
        at="",
        key="schedule.anchor.timezone",
        expected="a column of the list, or an IANA zone",
        got=name[:60],
        hint=f"did you mean {meant}?" if meant else "such as America/New_York",
    )
