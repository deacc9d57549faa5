"""What a campaign file may say, as frozen values that the rest of the engine reads.

These shapes are stored with every version of a campaign, so a field may be added with a default
but never renamed. How a file's text becomes them is in parsing.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Frozen(BaseModel):
    """Strict, immutable, and without keys nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


PURPOSES = ("appointment", "service", "survey", "marketing", "debt")
"""Why people are called: it chooses the rules."""
USUAL_DURATION = timedelta(minutes=10)
"""The longest a call lasts where a file does not say."""


class SameNumber(StrEnum):
    """What happens to a second row with a number that another row has."""

    SEPARATE = "separate"
    GROUP = "group"  # rows of one touch and day are one call (families.py)
    REFUSE = "refuse"


class Contacts(Frozen):
    """Where the people come from and how their columns are read. Either `file` or `rows`.

    `columns`: those that contacts told one at a time may have, beside those of `rows`.
    """

    file: str | None = None
    rows: tuple[Mapping[str, str], ...] | None = Field(default=None, repr=False)
    columns: tuple[str, ...] = ()
    to_number: str | None = None
    key: str | None = None
    timezone: str | None = None
    state: str | None = None
    region: str | None = None
    where: str | None = None
    same_number: SameNumber | None = None  # None: separate when `key` is set, else refuse
    encoding: str = "utf-8"
    zone_evidence: Literal["both", "stated"] = "both"
    file_is: Literal["whole_list", "additions"] = "whole_list"
    refresh: str | None = None  # a cron on schedule.timezone
    max_age: timedelta | None = None  # of the file, at a refresh
    max_withdrawn: float = 0.2  # shares of one
    max_rejected: float = 0.1

    @property
    def owner(self) -> str:
        """Whose contacts these are: a list withdraws only its own."""
        return self.file or "rows"


class Anchor(Frozen):
    """The moment in a row that its touches count from: a column, its clock, and how it is written.

    `timezone` is a column of IANA names or one of them; None: each cell has its own offset, or
    schedule.timezone holds. `format` is strptime's; None: ISO.
    """

    column: str
    timezone: str | None = None
    format: str | None = None


class Offset(Frozen):
    """A distance from the anchor: whole calendar days first, then elapsed time.

    `at`: minutes since midnight of that day; None: the anchor's own wall time.
    """

    days: int = 0
    at: int | None = None
    elapsed: timedelta = timedelta(0)


class Touch(Frozen):
    """One call of a contact around its anchor. None: the campaign's own value."""

    name: str
    offset: Offset
    max_attempts: int | None = None
    agent_id: str | None = None


class Schedule(Frozen):
    """`start` and `end` are aware instants in UTC; None: now, never.

    `cron`: everybody is called once in each run, and it fires a new one. All below it belongs to
    the anchor. `deadline` None: the anchor itself.
    """

    start: datetime | None = None
    end: datetime | None = None
    timezone: str | None = None
    cron: str | None = None
    anchor: Anchor | None = None
    touches: tuple[Touch, ...] = ()
    deadline: Offset | None = None
    past_due: Literal["skip", "now"] = "skip"
    when_closed: Literal["later", "earlier", "skip"] = "later"
    min_gap: timedelta = timedelta(hours=4)
    when_moved: Literal["restart", "keep"] = "restart"

    def touch(self, name: str) -> Touch | None:
        """The touch of that name."""
        return next((one for one in self.touches if one.name == name), None)


class Span(Frozen):
    """A half-open stretch of one local day, in minutes since midnight: 0 <= start < end <= 1440."""

    start: int
    end: int


class DateRange(Frozen):
    """Local dates, both included."""

    first: date
    last: date


class CallingHours(Frozen):
    """When phones may ring, in local time. `days[0]` is Monday; an empty day is closed."""

    always: bool = False
    timezone: str = "contact"
    days: tuple[tuple[Span, ...], ...] = ()
    closed: tuple[DateRange, ...] = ()
    open: Mapping[date, tuple[Span, ...]] = {}
    holidays: tuple[str, ...] = ()  # places whose public holidays are closed
    stated: bool = True  # False: nobody wrote them, the house default (09:00 to 20:00 daily)
    rules: tuple[str, ...] = ()  # packs and single rows of core/rules that the file names
    rules_off: bool = False  # `rules: none`: no rule pack holds
    ambiguous_timezone: str = "intersect"  # intersect | skip | an IANA name


HOUSE_HOURS = CallingHours(days=((Span(start=9 * 60, end=20 * 60),),) * 7, stated=False)
"""What holds where a file does not state `calling_hours`."""


class Cap(Frozen):
    """At most so many calls to one number in any stretch of this length."""

    calls: int
    per: timedelta


class Retry(Frozen):
    """`max_attempts` includes the first. An empty list of waits is `never`."""

    max_attempts: int = 3
    no_answer: tuple[timedelta, ...] = (timedelta(minutes=30), timedelta(hours=4))
    busy: tuple[timedelta, ...] = (timedelta(minutes=10),)
    failed: tuple[timedelta, ...] = ()
    voicemail: tuple[timedelta, ...] = ()
    redial_after_unknown: Literal["proven", "never"] = "proven"


class Failing(Frozen):
    """The campaign is paused when this share of so many of its newest calls went wrong."""

    share: float = 0.5
    of: int = 20


class Pacing(Frozen):
    """How fast it goes. None: only the account's limits hold.

    `first`: so many contacts are called before a person approves; None: nobody is asked.
    `pause_when_failing` None: never. `priority`: 1 goes first, 9 last; `weight`: the share among
    equals (core/selection.py).
    """

    first: int | None = None
    starts_per_minute: int | None = None
    concurrent_calls: int | None = None
    pause_when_failing: Failing | None = Failing()
    priority: int = 5
    weight: float = 1.0


class Budget(Frozen):
    """What one day may take. Money in US dollars, as calls are priced.

    `cost_per_call`: what a call is taken to cost until its price is told; None: worked out from
    calls before it.
    """

    calls_per_day: int | None = None
    cost_per_day: float | None = None
    cost_per_call: float | None = None


class OptOut(Frozen):
    """What means "do not call me again" besides the built-in list."""

    tags: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


class Consent(Frozen):
    """Whose word it is that people agreed to be called. Either of them."""

    attested: str | None = None
    column: str | None = None


class Definition(Frozen):
    """A whole campaign. Equal definitions mean equal behaviour.

    `agent_id` and `from_number` may be templates over the row. They are empty only for a CSV alone
    whose own columns name them: a row without one there cannot be called.
    """

    name: str
    purpose: str | None = None
    consent: Consent | None = None
    disclosure: str | None = None  # a text or a template; the agent gets it as context.disclosure
    agent_id: str
    from_number: str = Field(repr=False)
    from_numbers: tuple[str, ...] = Field(default=(), repr=False)  # a list, from_number its first
    max_duration: timedelta = USUAL_DURATION
    recording: bool = False
    contacts: Contacts
    context: Mapping[str, str] | Literal["all"] | None = None
    schedule: Schedule = Schedule()
    calling_hours: CallingHours
    retry: Retry = Retry()
    pacing: Pacing = Pacing()
    budget: Budget = Budget()
    caps: tuple[Cap, ...] = ()  # none stated: the house default
    opt_out: OptOut = OptOut()

    def asks_again(self, before: Definition) -> bool:
        """Whether an approval of what a campaign said before is none of what it says now.

        It is of what people hear and see, and not of who is on the list.
        """
        if self.pacing.first is None:
            return False
        return before.pacing.first is None or self._heard != before._heard

    @property
    def _heard(self) -> object:
        agents = {touch.name: touch.agent_id for touch in self.schedule.touches if touch.agent_id}
        callers = self.from_number, self.from_numbers
        return self.agent_id, agents, callers, self.context, self.disclosure

    def retry_of(self, touch: str) -> Retry:
        """How a touch is tried again."""
        named = self.schedule.touch(touch)
        if named is None or named.max_attempts is None:
            return self.retry
        return self.retry.model_copy(update={"max_attempts": named.max_attempts})
