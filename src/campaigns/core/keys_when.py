"""The keys of a campaign file that say when phones may ring, and how often."""

from __future__ import annotations

from campaigns.core.keys import DATES, HOURS, INSTANT, WAITS, ZONE, Key, or_list

_SCHEDULE = "schedule:\n"
_HOURS = "calling_hours:\n  mon-fri: 09:00-12:30, 13:30-19:00\n"
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
        says="The clock of start, end, and every date-time in the list that has no offset.",
        takes="an IANA zone such as America/New_York",
        default="none: a date-time without an offset is an error",
        example=_SCHEDULE + "  timezone: America/New_York",
        schema=ZONE,
    ),
    Key(
        path="calling_hours",
        says="When phones may ring, on the clock beside the phone.",
        takes="the keys below, or `always`",
        default="every day 09:00-20:00, in every zone where the phone may be",
        example="calling_hours: always",
        schema={},
        word="always",
    ),
    Key(
        path="calling_hours.timezone",
        says="Whose clock: the contact's (all candidate zones must be open), or one for everybody.",
        takes="contact, or an IANA zone",
        default="contact",
        example=_HOURS + "  timezone: contact",
        schema=ZONE,
    ),
    Key(
        path="calling_hours.DAYS",
        says="Hours of these days, half-open. A day not named is closed; a day is named once. "
        "24:00 ends a day; a night is split at midnight.",
        takes="days such as mon-fri, sat, or mon, wed; hours such as 09:00-12:30, 13:30-19:00",
        default="closed, once any day is named",
        example=_HOURS + "  sat: 10:00-14:00",
        schema=or_list(HOURS),
    ),
    Key(
        path="calling_hours.closed",
        says="Dates without calls.",
        takes="a date such as 2026-11-27, a range 2026-12-24/2027-01-01 (both included), or a list",
        default="none",
        example=_HOURS + "  closed: [2026-11-27, 2026-12-24/2027-01-01]",
        schema=or_list(DATES),
    ),
    Key(
        path="calling_hours.open",
        says="Dates with hours of their own, whatever the day of the week.",
        takes="dates with hours",
        default="none",
        example=_HOURS + "  open: {2026-10-12: 09:00-17:00}",
        schema={"type": "object", "additionalProperties": or_list(HOURS)},
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
