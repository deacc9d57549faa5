"""Everything in any order on real PostgreSQL, and after every step all promises hold.

A state machine draws what people, provider, network and processes do; the law in
tests/support/phones.py says at each POST whether this phone may ring now. `./test --soak` draws
far more (MODEL_EXAMPLES, MODEL_STEPS).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from campaigns.core.calls import Blame, NotSent, Rejected
from campaigns.core.contacts import Contact
from campaigns.core.definition import CallingHours, Definition, Retry, Span
from campaigns.core.outcomes import Source
from campaigns.core.records import Claim
from campaigns.engine import control
from campaigns.engine.answers import remember
from campaigns.engine.dial import dial
from campaigns.engine.dispatch import dispatch
from campaigns.engine.gate import Intent
from campaigns.engine.lookup import check
from campaigns.engine.record import fold_events, receive, receive_for_call
from campaigns.engine.submit import Effect, Submission, submit
from campaigns.engine.tick import tick
from campaigns.errors import Conflict, UnknownName
from campaigns.provider import webhooks
from campaigns.store.database import Database
from tests.support.engine import contact, definition
from tests.support.modelled import ACCOUNTS, ATTEMPTS, WINDOW, Modelled, prepare
from tests.support.phones import ANSWERS, FOLLOWS, MOODS, Call, Died, S

NUMBERS = [contact(n).to_number for n in range(3)]
CAMPAIGNS = {"one": "default", "two": "default", "three": "second"}
WORKDAY = CallingHours(days=((Span(start=9 * 60, end=20 * 60),),) * 7)
SOON = (timedelta(minutes=20),)

names = st.sampled_from(sorted(CAMPAIGNS))
accounts = st.sampled_from(ACCOUNTS)
numbers = st.sampled_from(NUMBERS)
places = st.integers(0, 7)
fates = st.lists(st.sampled_from(("accepted", *ANSWERS)), max_size=3)
jumps = st.sampled_from((1, 5, 21, 61, 125, 421, 700, 1300, 3700, 4 * 3600, 11 * 3600, 86_500))
seldom = st.sampled_from((False, False, False, True))
endings = st.lists(st.integers(0, 3), min_size=1, max_size=3)


class Broken(Exception):
    """A list that cannot be read to its end."""


class Model(RuleBasedStateMachine):
    """What may happen."""

    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.world = Modelled(self.database)
        self.law = self.world.law
        self.ids = {phones.account: id for id, phones in self.world.phones.items()}
        self.files: dict[str, list[int]] = {}
        self.mail: list[tuple[Call, S]] = []

    # people

    @initialize(who=st.lists(st.integers(0, 2), min_size=2, max_size=3), drawn=fates)
    def begins(self, who: list[int], drawn: list[str]) -> None:
        self.submit("one", who, breaks=False)
        self.work(drawn)

    @rule(name=names, who=st.lists(st.integers(0, 2), min_size=1, max_size=4), breaks=st.booleans())
    def submit(self, name: str, who: list[int], breaks: bool) -> None:
        known = name in self.files
        who = self.files.setdefault(name, who)
        submission = Submission(
            definition=_definition(name),
            digest=name,
            header=("key", "name", "to_number"),
            source="people.csv",
            entries=_entries(name, who, breaks),
            account=CAMPAIGNS[name],
        )
        before = self.world.rows("SELECT id FROM contact ORDER BY id")
        if name == "three":
            self.law.hours[name] = (9 * 60, 20 * 60)
        try:
            done = submit(submission, self.world.parts, who="model")
        except (Broken, Conflict):
            return
        if known and done.effect is Effect.UNCHANGED:
            assert self.world.rows("SELECT id FROM contact ORDER BY id") == before
        if done.effect is Effect.CREATED:
            assert done.counts.accepted == len(set(who))
            assert done.counts.lines == len(who) == done.counts.accepted + done.counts.duplicate
        count = "SELECT count(*) FROM contact JOIN campaign c ON c.id = campaign_id WHERE name = %s"
        assert self.world.rows(count, name) == [(len(set(who)),)]

    @rule(name=names, sure=seldom)
    def pause(self, name: str, sure: bool) -> None:
        if not sure:
            return
        with suppress(Conflict, UnknownName):
            control.pause(name, self.world.parts, who="m", reason="x")
            self.law.stopped.add(name)

    @rule(name=names)
    def resume(self, name: str) -> None:
        self.law.stopped.discard(name)
        with suppress(Conflict, UnknownName):
            control.resume(name, self.world.parts, who="m")

    @rule(name=accounts, sure=seldom)
    def pause_account(self, name: str, sure: bool) -> None:
        if not sure:
            return
        control.pause_account([self.ids[name]], self.world.parts, who="m", reason="x")
        self.law.stopped.add(name)

    @rule(name=accounts)
    def resume_account(self, name: str) -> None:
        self.law.stopped.discard(name)
        control.resume_account([self.ids[name]], self.world.parts, who="m")

    @rule(name=names, sure=seldom)
    def cancel(self, name: str, sure: bool) -> None:
        if sure and name in self.files:
            control.cancel(name, self.world.parts, who="m")
            self.law.cancelled.add(name)

    @rule(number=numbers, sure=seldom)
    def opt_out(self, number: str, sure: bool) -> None:
        if not sure:
            return
        control.suppress([number], self.world.parts, who="m", reason="x")
        self.law.opted_out.add(number)

    @rule(number=numbers)
    def opt_in(self, number: str) -> None:
        self.law.opted_out.discard(number)
        control.unsuppress(number, self.world.parts, who="m")

    # our processes

    @rule(drawn=fates)
    def work(self, drawn: list[str]) -> None:
        tick(self.world.parts)
        self._play(len(self.world.bell.rung), drawn)

    @rule(drawn=fates, seconds=st.sampled_from((2, 61, 125, 1300)))
    def work_soon(self, drawn: list[str], seconds: int) -> None:
        self.work_later(drawn, seconds)

    @rule(drawn=fates, seconds=jumps)
    def work_later(self, drawn: list[str], seconds: int) -> None:
        self.world.forward(seconds)
        self.work(drawn)

    @rule()
    def beat(self) -> None:
        tick(self.world.parts)

    @precondition(lambda self: self.world.bell.rung)
    @rule(drawn=fates, place=places, again=st.booleans())
    def answer_a_ring(self, drawn: list[str], place: int, again: bool) -> None:
        rung = self.world.bell.rung
        rung.rotate(-(place % len(rung)))
        if again:
            rung.append(rung[0])
        self._play(1, drawn)

    @rule()
    def broker_forgets(self) -> None:
        self.world.bell.rung.clear()

    @rule(later=st.booleans())
    def crash(self, later: bool) -> None:
        self.world.restart()
        if later:
            self.world.forward(31)

    @precondition(lambda self: self._frozen())
    @rule(place=places)
    def thaw(self, place: int) -> None:
        phones, frozen = self._frozen()[place % len(self._frozen())]
        phones.frozen.remove(frozen)
        answer = frozen.answer
        if answer is None:
            sent = self.world.now() <= frozen.send_by
            answer = phones.post(frozen.request) if sent else NotSent(why="too old")
        intent = Intent(
            request=frozen.request,
            account_id=self.ids[phones.account],
            send_by=0.0,
            window=WINDOW,
        )
        remember(intent, answer, self.world.parts)

    @rule(seconds=jumps)
    def time_passes(self, seconds: int) -> None:
        self.world.forward(seconds)

    # the provider and the network

    @precondition(lambda self: self._living())
    @rule(place=places, ways=endings, heard=st.integers(0, 3))
    def call_goes_on(self, place: int, ways: list[int], heard: int) -> None:
        call = self._living()[place % len(self._living())]
        for way in ways:
            if not call.over:
                options = FOLLOWS[call.said[-1]]
                call.said.append(options[way % len(options)])
                self.mail.append((call, call.said[-1]))
        if heard:
            for _ in ways:
                if self.mail:
                    self._deliver(*self.mail.pop(), signed=heard == 3)

    @precondition(lambda self: self.mail)
    @rule(place=places, keep=st.booleans(), signed=st.booleans())
    def event_arrives(self, place: int, keep: bool, signed: bool) -> None:
        at = place % len(self.mail)
        call, status = self.mail[at] if keep else self.mail.pop(at)
        self._deliver(call, status, signed=signed)

    @precondition(lambda self: self.mail)
    @rule(place=places)
    def event_is_lost(self, place: int) -> None:
        self.mail.pop(place % len(self.mail))

    @precondition(lambda self: self.law.calls)
    @rule(place=places, status=st.sampled_from(S), flip=st.integers(0, 31))
    def event_is_forged(self, place: int, status: S, flip: int) -> None:
        call = self.law.calls[place % len(self.law.calls)]
        _, _, _, key_id, attempt_id, mac = webhooks.hook_path(
            self.world.keys, call.attempt_id
        ).split("/")
        wrong = mac[:flip] + ("A" if mac[flip] != "A" else "B") + mac[flip + 1 :]
        assert not webhooks.verify(key_id, attempt_id, wrong, self.world.keys)
        assert not webhooks.verify(key_id, f"{attempt_id}x", mac, self.world.keys)

    @precondition(lambda self: len(self._told()) > 1)
    @rule(place=places, status=st.sampled_from(S))
    def event_names_another_call(self, place: int, status: S) -> None:
        told = self._told()
        call, other = told[place % len(told)], told[(place + 1) % len(told)]
        state = "SELECT state, open FROM attempt WHERE id = %s"
        fold_events(call.attempt_id, self.world.parts)
        before = self.world.rows(state, call.attempt_id)
        self._say(call.attempt_id, other.call_id, status)
        fold_events(call.attempt_id, self.world.parts)
        assert self.world.rows(state, call.attempt_id) == before

    @rule(account=accounts, mood=st.sampled_from(MOODS))
    def mood_changes(self, account: str, mood: str) -> None:
        self.world.phones[self.ids[account]].mood = mood

    # what must hold

    @invariant()
    def promises_hold(self) -> None:
        assert self.world.broken() == []

    def teardown(self) -> None:
        """Whatever has happened: with everybody well again, every contact gets its outcome."""
        for phones in self.world.phones.values():
            phones.answers.clear()
            phones.mood = "well"
        self.world.restart()
        for name in self.files:
            self.submit(name, [], breaks=False)  # where a load broke off
        for _ in range(40):
            self.world.forward(2 * 3600)
            for name in self.files:
                self.resume(name)
            for name in ACCOUNTS:
                self.resume_account(name)
            self.work([])
            for call in self._living():
                call.said += [S.RINGING, S.IN_PROGRESS, S.COMPLETED]
                self._deliver(call, S.COMPLETED, signed=False)
            self.work([])
            if not self.world.rows("SELECT id FROM dial_task WHERE state <> 'done'"):
                break
        left = "SELECT state, wait_reason, attempts FROM dial_task WHERE state <> 'done'"
        assert self.world.rows(left) == []
        assert self.world.broken() == []

    # how

    def _play(self, count: int, drawn: list[str]) -> None:
        for phones in self.world.phones.values():
            phones.answers.clear()
            phones.answers.extend(drawn)
        for _ in range(count):
            what, about = self.world.bell.rung.popleft()
            match what, about:
                case "dial", Claim() as claim:
                    with suppress(Died):
                        self._dial(claim)
                case "fold", str() as attempt_id:
                    fold_events(attempt_id, self.world.parts)
                case "check", str() as attempt_id:
                    check(attempt_id, self.world.parts)
                case "dispatch", int() as account_id:
                    dispatch(account_id, self.world.parts)

    def _dial(self, claim: Claim) -> None:
        answer = dial(claim, self.world.parts)
        if not isinstance(answer, Rejected) or answer.blame is Blame.CONTACT:
            return
        query = (
            "SELECT c.name, a.name FROM dial_task t JOIN campaign c ON c.id = t.campaign_id"
            " JOIN account a ON a.id = t.account_id WHERE t.id = %s"
        )
        campaign, account = self.world.rows(query, claim.task_id)[0]
        self.law.stopped.add(str(account if answer.blame is Blame.ACCOUNT else campaign))

    def _deliver(self, call: Call, status: S, *, signed: bool) -> None:
        if signed and call in self._told():
            said = webhooks.read_event(_body(call.call_id, status))
            account_id = self.ids[CAMPAIGNS[call.person.partition(":")[0]]]
            digest = webhooks.digest(f"{call.call_id} {status}".encode())
            heard = receive_for_call(
                account_id, said, digest=digest, body="{}", parts=self.world.parts
            )
            assert heard
        else:
            self._say(call.attempt_id, call.call_id, status)

    def _say(self, attempt_id: str, call_id: str, status: S) -> None:
        _, _, _, key_id, id, mac = webhooks.hook_path(self.world.keys, attempt_id).split("/")
        assert webhooks.verify(key_id, id, mac, self.world.keys)
        body = _body(call_id, status)
        assert receive(
            attempt_id,
            webhooks.read_event(body),
            digest=webhooks.digest(body),
            body=body.decode(),
            source=Source.WEBHOOK,
            parts=self.world.parts,
        )

    def _living(self) -> list[Call]:
        now = self.world.now()
        for call in self.law.calls:
            call.goes_on(now)
        return [call for call in self.law.calls if not call.over]

    def _told(self) -> list[Call]:
        query = "SELECT call_id FROM attempt WHERE call_id IS NOT NULL"
        bound = {row[0] for row in self.world.rows(query)}
        return [call for call in self.law.calls if call.call_id in bound]

    def _frozen(self) -> list[tuple[object, object]]:
        return [(phones, one) for phones in self.world.phones.values() for one in phones.frozen]


def _definition(name: str) -> Definition:
    retry = Retry(max_attempts=ATTEMPTS, no_answer=SOON, busy=SOON, failed=SOON, voicemail=())
    hours = WORKDAY if name == "three" else CallingHours(always=True)
    return definition(name=name, retry=retry, calling_hours=hours)


def _entries(name: str, who: list[int], breaks: bool) -> Iterator[Contact]:
    for line, n in enumerate(who):
        fields = {"name": f"{name}:{n}", "key": f"k{n}"}
        yield contact(n, line=line + 2, fields=fields)
        if breaks:
            raise Broken


def _body(call_id: str, status: S) -> bytes:
    said = {"event": f"call.{status}", "call_id": call_id, "status": status.value, "duration": 0}
    return json.dumps(said).encode()


def _run(database_url: str, examples: int, steps: int) -> None:
    Model.database = prepare(database_url)
    try:
        run_state_machine_as_test(
            Model,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        Model.database.close()


def test_whatever_happens_nobody_is_rung_who_may_not_be(postgres_url: str) -> None:
    _run(postgres_url, examples=int(os.environ.get("MODEL_EXAMPLES", "12")), steps=30)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_whatever_happens_for_hours(postgres_url: str) -> None:
    _run(
        postgres_url,
        examples=int(os.environ.get("MODEL_EXAMPLES", "2000")),
        steps=int(os.environ.get("MODEL_STEPS", "80")),
    )
