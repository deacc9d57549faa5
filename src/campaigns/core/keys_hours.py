"""The keys of a campaign file that say when phones may ring."""

from __future__ import annotations

from campaigns.core.keys import DATES, HOURS, TEXT, ZONE, Key, or_list

_HOURS = "calling_hours:\n  mon-fri: 09:00-12:30, 13:30-19:00\n"

CALLING: tuple[Key, ...] = (
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
        path="calling_hours.holidays",
        says="Closed on the public holidays of these places, by the date beside the phone; a date"
        " under `open` is open all the same.",
        takes="a country such as US, a part of one such as US-MA, or a list of them",
        default="none",
        example=_HOURS + "  holidays: US-MA",
        schema=or_list(TEXT),
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
        path="calling_hours.rules",
        says="Rule packs and single rows (`campaigns rules list`) that hold besides those that hold"
        " by themselves. Rows of certainty A and B hold wherever a phone may be; one of certainty C"
        " holds once it is named here, itself or its pack. `none` switches every rule off: it is"
        " said and audited.",
        takes="names of packs or rows, or none",
        default="the certain rows of every place; a country without a row is closed",
        example=_HOURS + "  rules: [us-tcpa, us-ut-marketing]",
        schema={"anyOf": [{"const": "none"}, *or_list(TEXT)["anyOf"]]},
    ),
    Key(
        path="calling_hours.ambiguous_timezone",
        says="Where the list states no zone and the number may be in several with different clocks:"
        " all of them must be open, the row is skipped, or this one of them is meant.",
        takes="intersect, skip, or an IANA zone",
        default="intersect",
        example=_HOURS + "  ambiguous_timezone: skip",
        schema=ZONE,
    ),
)
