"""The keys of a campaign file that say how fast it goes, and what bounds it."""

from __future__ import annotations

from campaigns.core.keys import TEXT, WAIT, Key, or_list

_COUNT = {"type": ["integer", "string"], "minimum": 1, "maximum": 1_000}
_MONEY = {"type": "string", "pattern": "^[0-9]+([.][0-9]+)? ?USD$"}

PACE: tuple[Key, ...] = (
    Key(
        path="pacing",
        says="How fast it goes, and how far before a person has listened.",
        takes="the keys below",
        default="the account's limit of starts per minute",
        example="pacing:\n  first: 10",
        schema={},
    ),
    Key(
        path="pacing.first",
        says="Call so many contacts, then wait for `campaigns approve`: nobody else is called"
        " before, and no retry leaves while it waits. Another agent_id, from_number or context asks"
        " again, another list does not.",
        takes="a whole number from 1 to 1000",
        default="none: nobody is asked",
        example="pacing:\n  first: 10",
        schema={"type": ["integer", "string"], "minimum": 1, "maximum": 1000},
    ),
    Key(
        path="pacing.starts_per_minute",
        says="This campaign's own ceiling of starts in any 60 seconds, under the account's.",
        takes="a whole number from 1 to 1000",
        default="none: the account's limit holds",
        example="pacing:\n  starts_per_minute: 4",
        schema=_COUNT,
    ),
    Key(
        path="pacing.concurrent_calls",
        says="So many calls of this campaign at once: a new one leaves when another has ended.",
        takes="a whole number from 1 to 1000",
        default="none: the account's holds, if it has one",
        example="pacing:\n  concurrent_calls: 20",
        schema=_COUNT,
    ),
    Key(
        path="pacing.priority",
        says="Who goes first where campaigns of one account want the same start: 1 before all, 9"
        " after all. While anybody of a higher priority may be called, nobody of a lower one is.",
        takes="a whole number from 1 to 9, or high (3), normal (5) or low (7)",
        default="normal",
        example="pacing:\n  priority: high",
        schema={
            "anyOf": [
                {"type": ["integer", "string"], "minimum": 1, "maximum": 9},
                {"enum": ["high", "normal", "low"]},
            ]
        },
    ),
    Key(
        path="pacing.weight",
        says="The share among campaigns of one priority whose calls are equally urgent (the same"
        " callable time is left to them, or nothing ends them): one of weight 2 makes twice as many"
        " as one of weight 1. What ends sooner goes first, whatever its weight.",
        takes="a number from 0.1 to 100",
        default="1",
        example="pacing:\n  weight: 2",
        schema={"type": ["number", "string"], "minimum": 0.1, "maximum": 100},
    ),
    Key(
        path="pacing.pause_when_failing",
        says="Pauses the campaign when this share of its newest calls failed, were refused, got an"
        " answer that says nothing, or were answered and ended within 5 s. Calls that nobody"
        " answers never count. After `campaigns resume` only newer calls do.",
        takes="a share of so many calls such as 50% of 20, or never",
        default="50% of 20",
        example="pacing:\n  pause_when_failing: 50% of 20",
        schema={"type": "string", "pattern": "^([0-9.]+ ?% of [0-9]+|never)$"},
    ),
    Key(
        path="budget",
        says="What one day of this campaign may take; the rest waits for the next day. Days are"
        " those of schedule.timezone, else of calling_hours.timezone where it names a zone, else"
        " of UTC.",
        takes="the keys below",
        default="no bound",
        example="budget:\n  calls_per_day: 700",
        schema={},
    ),
    Key(
        path="budget.calls_per_day",
        says="Calls that may have rung, retries included.",
        takes="a whole number from 1 to 14400",
        default="no bound",
        example="budget:\n  calls_per_day: 700",
        schema={"type": ["integer", "string"], "minimum": 1, "maximum": 14_400},
    ),
    Key(
        path="budget.cost_per_day",
        says="Money, as the provider prices calls. A call whose price is not told yet counts as"
        " dear as it can be: max_duration at the dearest minute of the account's newest calls."
        " While no price is known at all, one call is made at a time.",
        takes="an amount in US dollars such as 60 USD",
        default="no bound",
        example="budget:\n  cost_per_day: 60 USD",
        schema=_MONEY,
    ),
    Key(
        path="budget.cost_per_call",
        says="What a call is taken to cost until its price is told.",
        takes="an amount in US dollars such as 0.50 USD",
        default="worked out from calls before it",
        example="budget:\n  cost_per_day: 60 USD\n  cost_per_call: 0.50 USD",
        schema=_MONEY,
    ),
    Key(
        path="caps",
        says="How often one number is called at most in any stretch of time, over all campaigns and"
        " accounts. Caps of the rules in force hold besides.",
        takes="a list of {calls, per}: a whole number from 1, and a duration up to 366d",
        default="4 calls per 24h",
        example="caps:\n  - {calls: 1, per: 24h}\n  - {calls: 3, per: 7d}",
        schema={
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"calls": _COUNT, "per": WAIT},
                "required": ["calls", "per"],
                "additionalProperties": False,
            },
        },
    ),
    Key(
        path="opt_out",
        says="What else means that somebody does not want to be called again. Such a call puts its"
        " number on the do-not-call list, for every campaign.",
        takes="the keys below",
        default="the built-in tags and phrases alone, which always hold",
        example="opt_out:\n  tags: [stop]",
        schema={},
    ),
    Key(
        path="opt_out.tags",
        says="Tags of the provider's analysis.",
        takes="a word or a list of them",
        default="none besides opt_out, do_not_call and their like",
        example="opt_out:\n  tags: [stop]",
        schema=or_list(TEXT),
    ),
    Key(
        path="opt_out.phrases",
        says="What the person called says; the agent's own words do not count.",
        takes="a few words or a list of such",
        default='none besides "stop calling", "take me off" and their like',
        example='opt_out:\n  phrases: ["take me off"]',
        schema=or_list(TEXT),
    ),
)
