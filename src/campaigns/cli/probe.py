"""`campaigns probe`: one test call that answers what the provider's pages leave open."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.cli.try_out import accepted, installed
from campaigns.core import fields, numbers
from campaigns.core.calls import DialRequest
from campaigns.core.capabilities import PESSIMISTIC, SAYS, UNTESTED, Capability
from campaigns.core.numbers import NumberFault
from campaigns.core.reading import Refused
from campaigns.engine.probing import Probed, probe
from campaigns.errors import InputError

_LONGEST_S = 120


class Expect(StrEnum):
    """What the person who is rung will do."""

    ANSWER = "answer"
    NO_ANSWER = "no-answer"


def probe_(
    *,
    to: Annotated[
        str | None, typer.Option("--to", metavar="NUMBER", help="A number that has agreed to it.")
    ] = None,
    agent_id: Annotated[
        str | None, typer.Option("--agent-id", metavar="ID", help="Who would talk.")
    ] = None,
    from_number: Annotated[
        str | None, typer.Option("--from-number", metavar="NUMBER", help="The caller's number.")
    ] = None,
    expect: Annotated[
        Expect, typer.Option("--expect", help="no-answer: let it ring, nobody picks up.")
    ] = Expect.NO_ANSWER,
    show: Annotated[
        bool, typer.Option("--show", help="Only say what is known; nobody is called.")
    ] = False,
    yes: options.Yes = False,
    region: options.Region = None,
    as_json: options.AsJson = False,
) -> None:
    """Make one test call and remember what it shows of the provider: ids, list, filters."""
    if show:
        _show(as_json=as_json)
        return
    if to is None or agent_id is None or from_number is None:
        raise Misused("a test call needs --to, --agent-id and --from-number; or `probe --show`")
    request = _request(to, agent_id, from_number, region)
    with installed() as installation:
        installation.dialer()  # a missing key is said before anything is asked
        if not yes:
            if not state.asked_on_a_terminal():
                raise InputError("one real call is made: type it again with --yes")
            does = "answer it" if expect is Expect.ANSWER else "let it ring, do not pick up"
            ask = f"Ring {numbers.mask(request.to_number)} now? ({does})"
            if not typer.confirm(ask, default=False, err=True):
                raise InputError("nobody was called")
        screen.note("the call is looked at until it has ended and is listed, or clearly is not")
        probed = probe(installation.account_id, request, installation.parts, who=state.who())
        call_id = accepted(probed.answer)
        with installation.database.read() as tx:
            known = tx.capabilities(installation.account_id)
    _tell(probed, call_id, known, expect, as_json=as_json)


def _request(to: str, agent_id: str, from_number: str, region: str | None) -> DialRequest:
    number = numbers.parse(to, region)
    if isinstance(number, NumberFault):
        raise InputError(f"--to: {number.reason}")
    caller = numbers.parse(from_number, region)
    if isinstance(caller, NumberFault):
        raise InputError(f"--from-number: {caller.reason}")
    try:
        agent = fields.one_agent(agent_id)
    except Refused as refused:
        raise InputError(f"--agent-id: expected {refused.expected}") from None
    return DialRequest(
        attempt_id="",
        agent_id=agent,
        to_number=number.e164,
        from_number=caller.e164,
        max_duration_s=_LONGEST_S,
    )


def _show(*, as_json: bool) -> None:
    with state.opened() as installation, installation.database.read() as tx:
        known = tx.capabilities(installation.account_id)
    if as_json:
        screen.emit({"capabilities": _plain(known)})
    else:
        _lines(known)


def _tell(
    probed: Probed,
    call_id: str,
    known: Mapping[Capability, str],
    expect: Expect,
    *,
    as_json: bool,
) -> None:
    evidence = probed.evidence
    assert evidence is not None
    if expect is Expect.NO_ANSWER and not evidence.unanswered:
        said = evidence.ended or "not seen to end"
        screen.note(f"the call was {said}: whether unanswered calls are listed is not tested")
    if as_json:
        told = {"attempt": probed.attempt_id, "call_id": call_id, "ended": evidence.ended}
        screen.emit({**told, "tested": _plain(probed.found or {}), "capabilities": _plain(known)})
        return
    screen.say(f"{call_id}: {evidence.ended or 'not seen to end'}")
    _lines(known)


def _plain(known: Mapping[Capability, str]) -> dict[str, str]:
    return {name.value: known.get(name, assumed) for name, assumed in PESSIMISTIC.items()}


def _lines(known: Mapping[Capability, str]) -> None:
    screen.table(
        ("", "", ""),
        (
            (SAYS[name], known.get(name, assumed), _how(name, known))
            for name, assumed in PESSIMISTIC.items()
        ),
    )


def _how(name: Capability, known: Mapping[Capability, str]) -> str:
    if name is Capability.WEBHOOK_RETRIED:
        return "cannot be tested from here"
    if name in known:
        return "tested"
    return "" if PESSIMISTIC[name] == UNTESTED else "assumed"
