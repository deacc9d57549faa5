"""Who calls a contact: which agent talks, and which of our numbers the phone shows.

Asked where a list is checked and again in the gate, by the same two functions, so that `check` says
what will be dialled. A contact keeps the number that it saw first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from campaigns.core import numbers
from campaigns.core.context import Templates, Unrenderable
from campaigns.core.definition import Definition
from campaigns.core.fields import AN_ID, is_id
from campaigns.core.numbers import Number, NumberFault
from campaigns.core.records import ContactRow, TaskRow

AGENT, CALLER = "agent_id", "from_number"


def agent_of(
    definition: Definition,
    templates: Templates,
    *,
    touch: str,
    own: str | None,
    fields: Mapping[str, str],
    column: str = AGENT,
) -> str:
    """The row's own, else the touch's, else what the template or the file says.

    Raises Unrenderable where that is none.
    """
    named = definition.schedule.touch(touch)
    of_touch = named.agent_id if named else None
    if own or of_touch:
        return own or of_touch or ""
    chosen = templates.agent_id(fields)
    if chosen is None:
        return _there(definition.agent_id, column, "says which agent calls")
    if not chosen:
        raise Unrenderable("", AGENT, "empty: the template names no agent for this row")
    if not is_id(chosen):
        raise Unrenderable("", AGENT, f"the template must give {AN_ID}")
    return chosen


def caller_of(
    definition: Definition,
    templates: Templates,
    *,
    key: str,
    own: str | None,
    seen: str | None,
    fields: Mapping[str, str],
    region: str | None,
    column: str = CALLER,
) -> str:
    """The number that a phone shows, in E.164: the row's own, else what the file says.

    Of a list: the one that this contact has `seen`, as long as the file names it; otherwise one
    that its key chooses, the same each time and evenly among all. Raises Unrenderable.
    """
    if own:
        return own
    if definition.from_numbers:
        return seen if seen in definition.from_numbers else one_of(definition.from_numbers, key)
    chosen = templates.from_number(fields)
    if chosen is None:
        return _there(definition.from_number, column, "says who is calling")
    if not chosen:
        raise Unrenderable("", CALLER, "empty: the template gives no number for this row")
    match numbers.parse(chosen, region):
        case Number(e164=e164):
            return e164
        case NumberFault(reason=reason):
            raise Unrenderable("", CALLER, reason)


def seen_first(definition: Definition, seen: Iterable[tuple[str | None, str | None]]) -> str | None:
    """The number that the people of one call saw first, where they are shown it again.

    `seen`: by the contact, of a list of numbers; by the dial task, of an earlier call.
    """
    for of_contact, of_task in seen:
        if not definition.from_numbers and of_task is not None:
            return of_task
        shown = of_contact or of_task
        if shown in definition.from_numbers:
            return shown
    return None


def one_of(callers: Sequence[str], key: str) -> str:
    """The one of these numbers that belongs to a key, in every process and every year."""
    digest = sha256(key.encode("utf-8", "surrogatepass")).digest()
    return callers[int.from_bytes(digest[:8], "big") % len(callers)]


def of_task(
    definition: Definition, templates: Templates, contact: ContactRow, task: TaskRow
) -> tuple[str, str]:
    """(agent, number) of the next call of a dial task. Raises Unrenderable."""
    agent = agent_of(
        definition,
        templates,
        touch=task.touch,
        own=contact.settings.get(AGENT),
        fields=contact.fields,
    )
    if task.from_number is not None and not definition.from_numbers:
        return agent, task.from_number  # a retry shows the number that this person saw first
    caller = caller_of(
        definition,
        templates,
        key=contact.key,
        own=contact.settings.get(CALLER),
        seen=contact.from_number or task.from_number,
        fields=contact.fields,
        region=definition.contacts.region,
    )
    return agent, caller


def _there(said: str, column: str, nothing: str) -> str:
    if not said:
        raise Unrenderable(column, column, f"empty, and nothing else {nothing}")
    return said
