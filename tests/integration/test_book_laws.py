"""Any sequence of lists, moves, withdrawals, opt-outs and calls: the book's promises hold.

Nobody is rung more often for one touch and appointment than the attempts allow, nobody after they
answered for it, nobody who is not on the last accepted list, nobody by what it said before; and
the book is the last accepted list.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from campaigns.core.calls import CallStatus
from campaigns.core.contacts import Entry, RejectedRow
from campaigns.core.definition import Anchor, Contacts, Retry, Schedule, Touch
from campaigns.core.lifecycle import AttemptState
from campaigns.core.offsets import read
from campaigns.engine import control
from campaigns.engine.submit import Submission, submit
from tests.support.anchored import anchored
from tests.support.engine import World, contact, definition

ATTEMPTS = 2
VISITS = tuple(datetime(2026, 3, day, hour, 0) for day, hour in ((12, 14), (13, 9), (16, 11)))  # noqa: DTZ001
WAIT = timedelta(minutes=30)
Row = tuple[int, datetime, str] | None
"""(number of the phone, visit, name) of a key; None: a row that cannot be read."""
ROWS = st.dictionaries(
    st.integers(0, 3),
    st.none() | st.tuples(st.integers(0, 1), st.sampled_from(VISITS), st.sampled_from("AB")),
)
STATUSES = (CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.COMPLETED, CallStatus.VOICEMAIL)


class Book(RuleBasedStateMachine):
    """One campaign, lists that come and go, and time."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.accepted: dict[int, Row] = {}
        self.submissions = 0
        self.judged = 0
        self.rung: Counter[tuple[str, str]] = Counter()
        self.suppressed: set[str] = set()

    @rule(rows=ROWS)
    def submit(self, rows: dict[int, Row]) -> None:
        """A list is accepted: from now on it is what is called by."""
        self.submissions += 1
        schedule = Schedule(
            anchor=Anchor(column="visit_at", timezone="America/New_York"),
            touches=(
                Touch(name="day_before", offset=read("-1d at 17:30")),
                Touch(name="same_day", offset=read("-3h")),
            ),
        )
        made = definition(
            schedule=schedule,
            contacts=Contacts(file="people.csv", key="key", max_withdrawn=1, max_rejected=1),
            context={"said": "{{ key }} {{ visit_at }} {{ name }} {{ touch.name }}"},
            retry=Retry(max_attempts=ATTEMPTS, no_answer=(WAIT,), busy=(WAIT,)),
        )
        submit(
            Submission(
                definition=made,
                digest=f"d{self.submissions}",
                header=("key", "name", "to_number", "visit_at"),
                source="people.csv",
                entries=[_entry(key, row) for key, row in sorted(rows.items())],
            ),
            self.world.parts,
            who="test",
            allow_withdraw=True,
        )
        kept = {key: row for key, row in rows.items() if row is not None or key in self.accepted}
        self.accepted = kept

    @precondition(lambda self: self.submissions)
    @rule(hours=st.sampled_from((0.1, 1, 6, 30)))
    def time_passes(self, hours: float) -> None:
        """Heartbeats and workers do what is due."""
        self.world.run_for(hours * 3600, step=60)

    @precondition(lambda self: self.live())
    @rule(status=st.sampled_from(STATUSES), which=st.integers(0, 9))
    def a_call_ends(self, status: CallStatus, which: int) -> None:
        """The provider says how; whoever picked up has heard it."""
        live = self.live()
        attempt_id = live[which % len(live)]
        if status is CallStatus.COMPLETED:
            self.world.say(attempt_id, CallStatus.IN_PROGRESS)
        duration = 30.0 if status is CallStatus.COMPLETED else None
        self.world.say(attempt_id, status, duration=duration)

    @precondition(lambda self: self.submissions)
    @rule(key=st.integers(0, 3), number=st.integers(0, 1))
    def somebody_opts_out(self, key: int, number: int) -> None:
        """For good, whatever a list says later."""
        phone = _phone(key, number)
        control.suppress([phone], self.world.parts, who="test", reason="asked")
        self.suppressed.add(phone)

    def live(self) -> list[str]:
        """Attempts whose end nobody has told."""
        going = (AttemptState.ACCEPTED.value, AttemptState.IN_PROGRESS.value)
        return [str(one["id"]) for one in self.world.attempts() if one["state"] in going]

    @invariant()
    def whoever_was_rung_should_have_been(self) -> None:
        """Each new ring, against the list that held when it was made."""
        rings = self.world.provider.rung[self.judged :]
        self.judged = len(self.world.provider.rung)
        for at, request in rings:
            key, day, hour, name, touch = request.context["said"].split(" ")
            row = self.accepted.get(int(key.removeprefix("k")))
            assert row is not None, (
                "somebody was rung who is on no list, or whose row is unreadable"
            )
            number, visit, now_named = row
            assert (f"{visit:%Y-%m-%d %H:%M}", now_named) == (f"{day} {hour}", name)
            phone = _phone(int(key.removeprefix("k")), number)
            assert request.to_number == phone
            assert phone not in self.suppressed
            assert at < anchored(visit).at
            self.rung[key, f"{touch} {visit}"] += 1
        assert all(count <= ATTEMPTS for count in self.rung.values())

    @invariant()
    def the_book_is_the_list(self) -> None:
        """Who is on it, with what their rows say; nobody else waits."""
        waiting = self.world.rows(
            "SELECT DISTINCT contact_id FROM dial_task WHERE state <> 'done' AND stopped IS NULL"
        )
        gone = self.world.rows("SELECT id FROM contact WHERE gone_at IS NOT NULL")
        assert not {row["contact_id"] for row in waiting} & {row["id"] for row in gone}
        there = self.world.rows("SELECT id FROM contact WHERE gone_at IS NULL")
        assert len(there) == len(self.accepted)

    def teardown(self) -> None:
        self.world.store.close()


def _phone(key: int, number: int) -> str:
    return f"+1617555{key:02d}{number:02d}"


def _entry(key: int, row: Row) -> Entry:
    if row is None:
        return RejectedRow(line=key + 2, column="to_number", reason="no number", key=f"k{key}")
    number, visit, name = row
    fields = {"key": f"k{key}", "name": name, "visit_at": f"{visit:%Y-%m-%d %H:%M}"}
    return contact(
        key,
        line=key + 2,
        to_number=_phone(key, number),
        fields=fields,
        anchor=anchored(visit),
    )


TestBook = Book.TestCase
TestBook.settings = settings(
    max_examples=int(os.environ.get("BOOK_EXAMPLES", "25")), stateful_step_count=12, deadline=None
)
