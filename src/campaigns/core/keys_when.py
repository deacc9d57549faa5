"""The keys of a campaign file that say when it runs, around what, and how often it tries."""

from __future__ import annotations

from campaigns.core.keys import INSTANT, OFFSET, TEXT, WAIT, WAITS, ZONE, Key

_SCHEDULE = "schedule:\n"
_ANCHOR = _SCHEDULE + "  anchor: appointment_at\n"
_TOUCHES = _ANCHOR + "  touches:\n    same_day: "
_RETRY = "retry:\n"

WHEN: tuple[Key, ...] = (
    Key(
        path="schedule",
        says="From when until when the campaign runs.",
        takes="the keys below",
        default="from now, without an end",
        example=_SCHEDULE + "  start: 2026-03-09T09:00-05:00",
        schema={},
    ),
    Key(
        path="schedule.start",
        says="No call leaves before.",
        takes="a date and a time, with an offset or on the clock of schedule.timezone",
        default="now",
        example=_SCHEDULE + "  start: 2026-03-09T09:00\n  timezone: America/New_York",
        schema=INSTANT,
    ),
    Key(
        path="schedule.end",
        says="No call leaves from then on; who was not reached is expired.",
        takes="a date and a time, with an offset or on the clock of schedule.timezone",
        default="never",
        example=_SCHEDULE + "  end: 2026-03-12T18:00\n  timezone: America/New_York",
        schema=INSTANT,
    ),
    Key(
        path="schedule.timezone",
        says="The clock of start, end, cron, contacts.refresh, and every date-time in the list that"
        " has no offset.",
        takes="an IANA zone such as America/New_York",
        default="none: a date-time without an offset is an error",
        example=_SCHEDULE + "  timezone: America/New_York",
        schema=ZONE,
    ),
    Key(
        path="schedule.cron",
        says="When a new run begins: everybody on the list is called once in each. A run waits for"
        " the one before; one that nobody could begin within an hour waits for the next firing."
        " Not together with an anchor.",
        takes="a cron of five fields on the clock of schedule.timezone, in quotes",
        default="none: one run, from the start on",
        example=_SCHEDULE + '  cron: "0 10 1 * *"\n  timezone: America/New_York',
        schema=TEXT,
    ),
    Key(
        path="schedule.anchor",
        says="The moment in each row that touches and the deadline count from. A cell with an"
        " offset is that instant; one without is on the clock of `timezone` below, else of"
        " schedule.timezone.",
        takes="a column, or the keys below",
        default="none: everybody is due at the start",
        example=_ANCHOR.rstrip(),
        schema=TEXT,
        word="COLUMN",
    ),
    Key(
        path="schedule.anchor.column",
        says="The column with the moment. Its `spoken` speaks in the anchor's zone.",
        takes="the name of a column",
        default="none: needed when anchor has keys",
        example=_SCHEDULE + "  anchor: {column: appointment_at}",
        schema=TEXT,
    ),
    Key(
        path="schedule.anchor.timezone",
        says="Whose clock and calendar: calendar days of touches are counted on it.",
        takes="a column of IANA names, or one of them for all rows",
        default="the cell's own offset, else schedule.timezone; a row with neither is faulty",
        example=_SCHEDULE + "  anchor: {column: appointment_at, timezone: clinic_tz}",
        schema=ZONE,
    ),
    Key(
        path="schedule.anchor.format",
        says="How the column writes it, as Python's strptime reads it.",
        takes="a format with year, month and day",
        default="ISO: 2026-03-10 14:00, 2026-03-10T14:00-05:00 or 2026-03-10",
        example=_SCHEDULE
        + "  timezone: America/New_York\n"
        + '  anchor: {column: appointment_at, format: "%m/%d/%Y %I:%M %p"}',
        schema=TEXT,
    ),
    Key(
        path="schedule.touches",
        says="The calls around the anchor: each contact gets one dial task for each. A touch ends"
        " as expired (superseded) when the next comes due. It is known by its name: a list"
        " names each by its text.",
        takes="names with a distance or the keys below, or a list of distances",
        default="one call at the start",
        example=_ANCHOR + "  touches: {two_days_before: -2d at 17:30, same_day: -3h}",
        schema={"type": "array", "items": OFFSET, "minItems": 1},
        word="LIST",
    ),
    Key(
        path="schedule.touches.NAME",
        says="One touch, under a name of yours. w and d are calendar days in the anchor's zone, at"
        " its own time of day or `at HH:MM`; h, m and s pass.",
        takes="a signed distance such as -2d at 17:30, -3h, -1d2h or +2h, or the keys below",
        default="none",
        example=_TOUCHES + "-3h",
        schema=OFFSET,
        word="OFFSET",
    ),
    Key(
        path="schedule.touches.NAME.at",
        says="When, as a distance from the anchor.",
        takes="a signed distance",
        default="none: needed when a touch has keys",
        example=_TOUCHES + "{at: -3h}",
        schema=OFFSET,
    ),
    Key(
        path="schedule.touches.NAME.max_attempts",
        says="How often this touch is tried at most, the first call INCLUDED.",
        takes="a whole number from 1 to 20",
        default="retry.max_attempts",
        example=_TOUCHES + "{at: -3h, max_attempts: 1}",
        schema={"type": ["integer", "string"], "minimum": 1, "maximum": 20},
    ),
    Key(
        path="schedule.touches.NAME.agent_id",
        says="Which agent makes this touch; a row's own agent_id comes first.",
        takes="the provider's id of an agent",
        default="agent_id",
        example=_TOUCHES + "{at: -3h, agent_id: agent_short}",
        schema=TEXT,
    ),
    Key(
        path="schedule.deadline",
        says="From this distance of the anchor on a call is useless: what was not made is expired.",
        takes="a signed distance such as -45m",
        default="the anchor itself",
        example=_ANCHOR + "  deadline: -45m",
        schema=OFFSET,
    ),
    Key(
        path="schedule.past_due",
        says="What happens to a touch that was due before its contact, or the start, came: it is"
        " skipped, or made now. Of several that are past only the latest is made.",
        takes="skip or now",
        default="skip",
        example=_ANCHOR + "  past_due: now",
        schema={"enum": ["skip", "now"]},
    ),
    Key(
        path="schedule.when_closed",
        says="What happens to a touch that falls in closed hours: it waits for the opening, it is"
        " made an hour before the last opening closes, or it is skipped.",
        takes="later, earlier or skip",
        default="later",
        example=_ANCHOR + "  when_closed: earlier",
        schema={"enum": ["later", "earlier", "skip"]},
    ),
    Key(
        path="schedule.min_gap",
        says="Touches of one contact that are closer than this become one, the later.",
        takes="a duration up to 30d",
        default="4h",
        example=_ANCHOR + "  min_gap: 12h",
        schema=WAIT,
    ),
    Key(
        path="schedule.when_moved",
        says="What happens to the touches of an appointment that moves by 15 minutes or more: they"
        " are made again for the new time, or those that were made count.",
        takes="restart or keep",
        default="restart",
        example=_ANCHOR + "  when_moved: keep",
        schema={"enum": ["restart", "keep"]},
    ),
    Key(
        path="retry",
        says="Which calls are tried again, and when.",
        takes="the keys below, or `never`",
        default="max_attempts 3, no_answer [30m, 4h], busy 10m, failed and voicemail never",
        example="retry: never",
        schema={},
        word="never",
    ),
    Key(
        path="retry.max_attempts",
        says="How often one contact is called at most, the first call INCLUDED.",
        takes="a whole number from 1 to 20",
        default="3",
        example=_RETRY + "  max_attempts: 2",
        schema={"type": ["integer", "string"], "minimum": 1, "maximum": 20},
    ),
    Key(
        path="retry.no_answer",
        says="The wait after attempt 1, 2 … that nobody answered; the last repeats.",
        takes="a duration up to 30d, a list of them, or never",
        default="[30m, 4h]",
        example=_RETRY + "  no_answer: [20h]",
        schema=WAITS,
    ),
    Key(
        path="retry.busy",
        says="The wait after attempt 1, 2 … that found the line busy; the last repeats.",
        takes="a duration up to 30d, a list of them, or never",
        default="10m",
        example=_RETRY + "  busy: [10m]",
        schema=WAITS,
    ),
    Key(
        path="retry.failed",
        says="The wait after attempt 1, 2 … that failed on its way; the last repeats.",
        takes="a duration up to 30d, a list of them, or never",
        default="never",
        example=_RETRY + "  failed: 1h",
        schema=WAITS,
    ),
    Key(
        path="retry.voicemail",
        says="The wait after attempt 1, 2 … that reached a voicemail; the last repeats.",
        takes="a duration up to 30d, a list of them, or never",
        default="never",
        example=_RETRY + "  voicemail: never",
        schema=WAITS,
    ),
    Key(
        path="retry.redial_after_unknown",
        says="After an answer that was lost: `proven` calls again only with proof that no phone "
        "rang (docs/lifecycle.md), `never` not even then.",
        takes="proven or never",
        default="proven",
        example=_RETRY + "  redial_after_unknown: never",
        schema={"enum": ["proven", "never"]},
    ),
)
