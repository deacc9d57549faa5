"""`campaigns try`: hear what a contact would hear, on your own phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from campaigns import bootstrap
from campaigns.bootstrap import Installation
from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.cli.together import Rows, in_order, told
from campaigns.core import numbers
from campaigns.core.calls import Accepted, Answer, DialRequest, NotSent, Rejected, SlowDown, Unknown
from campaigns.core.contacts import Contact
from campaigns.core.definition import SameNumber
from campaigns.core.numbers import NumberFault
from campaigns.engine.tryout import Tried, try_out
from campaigns.errors import Conflict, InputError, UnknownName, WorldError
from campaigns.loading import Loaded, entries, load


def try_(
    file: Annotated[Path, typer.Argument(help="A campaign file (.yaml), or a list alone (.csv).")],
    *,
    to: Annotated[str, typer.Option("--to", metavar="NUMBER", help="Your own number.")],
    as_key: Annotated[str, typer.Option("--as", metavar="KEY", help="Whose context to hear.")],
    scheduled_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Let the provider ring then (UTC); it cannot be called back."
        ),
    ] = None,
    yes: options.Yes = False,
    agent_id: options.AgentId = None,
    from_number: options.FromNumber = None,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Make one real call to yourself, with a contact's context. It is nobody's attempt."""
    loaded = load(file, agent_id=agent_id, from_number=from_number, region=region)
    at = None if scheduled_at is None else options.instant("--scheduled-at", scheduled_at)
    number = numbers.parse(to, region)
    if isinstance(number, NumberFault):
        raise InputError(f"--to: {number.reason}")
    rows = _rows(loaded, as_key)
    with installed() as installation:
        if at is not None and at <= installation.database.policy_now().policy:
            raise InputError(f"--scheduled-at {scheduled_at} has passed: leave it out to ring now")
        installation.dialer()  # a missing key is said before anything is asked
        if not yes:
            if not state.asked_on_a_terminal():
                raise Misused("one real call is made: type it again with --yes")
            if not typer.confirm(f"Ring {numbers.mask(number.e164)} now?", default=False, err=True):
                raise InputError("nobody was called")
        tried = try_out(
            installation.account_id,
            _request(loaded, rows, number.e164),
            installation.parts,
            scheduled_at=at,
        )
    _tell(tried, as_json=as_json)


@contextmanager
def installed() -> Iterator[Installation]:
    """As workers are wired: this process makes the call, so it makes its webhook address too."""
    with state.opened():
        pass  # says which state it is, and makes the database where there is none
    installation = bootstrap.connect(state.settings())
    try:
        yield installation
    finally:
        installation.close()


def _rows(loaded: Loaded, key: str) -> Sequence[Contact]:
    """The row with that key, and where rows are grouped the others of its call, the lead first."""
    people = (entry for entry in entries(loaded) if isinstance(entry, Contact))
    contact = next((one for one in people if one.key == key), None)
    if contact is None:
        raise UnknownName(f"no callable row of {loaded.source.contacts_path.name} has that key")
    if loaded.definition.contacts.same_number is not SameNumber.GROUP:
        return [contact]
    mine = Rows(most=1)
    mine.take(contact, loaded, "")
    for entry in entries(loaded):
        if isinstance(entry, Contact) and entry.line != contact.line:
            mine.take(entry, loaded, "")
    return in_order(*mine.calls.values())


def _request(loaded: Loaded, rows: Sequence[Contact], to_number: str) -> DialRequest:
    contact, definition = rows[0], loaded.definition
    first = definition.schedule.touches  # its context is that of the first touch
    context = contact.context
    if len(rows) > 1:
        context = told(rows, loaded, datetime.now(UTC), first[0].name if first else "")
    seconds = contact.max_duration_s or int(definition.max_duration.total_seconds())
    recording = definition.recording if contact.recording is None else contact.recording
    return DialRequest(
        attempt_id="",
        agent_id=loaded.reader.agent(contact, first[0].name if first else ""),
        to_number=to_number,
        from_number=loaded.reader.caller(contact),
        context=context,
        max_duration_s=seconds,
        recording=recording,
    )


def _tell(tried: Tried, *, as_json: bool) -> None:
    call_id = accepted(tried.answer)
    if as_json:
        screen.emit({"attempt": tried.attempt_id, "call_id": call_id})
    else:
        screen.say(f"accepted: {call_id} (`campaigns calls show {tried.attempt_id}`)")


def accepted(answer: Answer) -> str:
    """The call id. Raises what a person is told where there is none."""
    match answer:
        case Accepted(call_id=call_id):
            return call_id
        case Rejected(status=status, detail=detail):
            raise Conflict(f"the provider refused it ({status}): {detail}")
        case SlowDown():
            raise WorldError("the provider's limit is used up: try again in a minute")
        case NotSent(why=why):
            raise WorldError(f"nothing was sent: {why}")
        case Unknown(why=why):
            raise WorldError(
                f"the answer was lost ({why}): your phone may ring; it is not tried again"
            )
