"""Promises as queries: each finds what must never exist, on PostgreSQL and on SQLite.

The one list for `doctor`, `status`, /metrics, and for tests after a storm. A promise that is
`live` looks at what is under way, through an index, and costs the same however long the history
is; the others read everything that ever happened.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text

from campaigns.core.calls import CallStatus
from campaigns.core.instants import CAP_CALLS, CAP_PERIOD
from campaigns.core.lifecycle import RANG_NOBODY
from campaigns.core.outcomes import STATE_OF
from campaigns.store.base import Queries


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """`query` selects the ids of rows that break it. `id` is that of docs/reliability.md."""

    id: str
    says: str
    query: str
    live: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A promise that does not hold: how often, and the id of one row that shows it."""

    id: str
    promise: str
    count: int
    example: str

    def __str__(self) -> str:
        return f"{self.id}, {self.promise}: {self.count}, for one {self.example}"


def broken(tx: Queries, *, live_only: bool = False, without: Collection[str] = ()) -> list[Broken]:
    """The promises that do not hold now. `without`: what a test has broken on purpose, by text."""
    words = _POSTGRES if tx.postgres else _SQLITE
    found: list[Broken] = []
    for promise in PROMISES:
        if (live_only and not promise.live) or promise.says in without:
            continue
        query = promise.query
        for name, spelled in words.items():
            query = query.replace(name, spelled)
        counted = f"SELECT count(*), min(CAST(id AS TEXT)) FROM ({query}) AS broken"  # noqa: S608
        count, example = tx.connection.execute(text(counted)).one()
        if count:
            one = Broken(id=promise.id, promise=promise.says, count=count, example=str(example))
            found.append(one)
    return found


_BOTH = {
    "{nobody}": ", ".join(f"'{state.value}'" for state in sorted(RANG_NOBODY)),
    "{said}": " ".join(f"WHEN '{one.value}' THEN {one.rank}" for one in CallStatus),
    "{became}": " ".join(f"WHEN '{STATE_OF[one].value}' THEN {one.rank}" for one in CallStatus),
    # Every task that an attempt was made for.
    "{made}": "(SELECT id AS attempt_id, task_id FROM attempt WHERE task_id IS NOT NULL"
    " UNION ALL SELECT attempt_id, task_id FROM attempt_member)",
}
# What an attempt was admitted under; of an earlier version, the house default.
_HOUSE = json.dumps([{"calls": CAP_CALLS, "per_s": int(CAP_PERIOD.total_seconds())}])
_POSTGRES = {
    **_BOTH,
    "{caps}": f"jsonb_array_elements(coalesce(a.admitted -> 'caps', '{_HOUSE}')) cap",
    "{cap_per}": "CAST(cap ->> 'per_s' AS INTEGER)",
    "{cap_calls}": "CAST(cap ->> 'calls' AS INTEGER)",
    "{second}": "interval '1 second'",
    "{max_attempts}": "coalesce((SELECT CAST(one ->> 'max_attempts' AS INTEGER)"
    " FROM jsonb_array_elements(v.definition -> 'schedule' -> 'touches') one"
    " WHERE one ->> 'name' = t.touch),"
    " CAST(v.definition -> 'retry' ->> 'max_attempts' AS INTEGER))",
}
_SQLITE = {
    **_BOTH,
    "{caps}": f"json_each(coalesce(json_extract(a.admitted, '$.caps'), '{_HOUSE}')) cap",
    "{cap_per}": "json_extract(cap.value, '$.per_s')",
    "{cap_calls}": "json_extract(cap.value, '$.calls')",
    "{second}": "1000000",
    "{max_attempts}": "coalesce((SELECT json_extract(one.value, '$.max_attempts')"
    " FROM json_each(v.definition, '$.schedule.touches') one"
    " WHERE json_extract(one.value, '$.name') = t.touch),"
    " json_extract(v.definition, '$.retry.max_attempts'))",
}
"""What the two databases spell differently; an instant of SQLite is a count of microseconds."""

CAP = "more calls to a number than its cap allows"

PROMISES: tuple[Promise, ...] = (
    Promise(
        id="I1",
        says="two live calls to one number",
        query="SELECT phone_id AS id FROM attempt WHERE open GROUP BY phone_id HAVING count(*) > 1",
        live=True,
    ),
    Promise(
        id="I1",
        says="a dial task with two live calls",
        query=(
            "SELECT task_id AS id FROM (SELECT task_id FROM attempt WHERE open"
            " AND task_id IS NOT NULL UNION ALL SELECT m.task_id FROM attempt a"
            " JOIN attempt_member m ON m.attempt_id = a.id WHERE a.open) AS made"
            " GROUP BY task_id HAVING count(*) > 1"
        ),
        live=True,
    ),
    Promise(
        id="I2",
        says="an attempt beyond those its campaign allows",
        query=(
            "SELECT a.id FROM attempt a JOIN campaign_version v"
            " ON v.campaign_id = a.campaign_id AND v.version = a.version"
            " JOIN dial_task t ON t.id = a.task_id"
            " WHERE a.attempt_no > {max_attempts} + t.spent"
        ),
    ),
    Promise(
        id="I2",
        says="more attempts counted than made, or less than none",
        query=(
            "SELECT t.id FROM dial_task t WHERE t.attempts < 0 OR t.spent < 0"
            " OR (t.attempts > 0 AND t.attempts >"
            " (SELECT count(*) FROM attempt a WHERE a.task_id = t.id)"
            " + (SELECT count(*) FROM attempt_member m WHERE m.task_id = t.id))"
        ),
    ),
    Promise(
        id="I2",
        says="a call after one that was answered",
        query=(
            "SELECT later.id FROM attempt earlier JOIN {made} was ON was.attempt_id = earlier.id"
            " JOIN {made} again ON again.task_id = was.task_id"
            " JOIN attempt later ON later.id = again.attempt_id"
            " AND earlier.terminal_at < later.intent_at"
            " WHERE earlier.state = 'completed' AND later.state <> 'not_sent'"
        ),
    ),
    Promise(
        id="I2",
        says=CAP,
        query=(
            "SELECT a.id FROM attempt a, {caps} WHERE a.task_id IS NOT NULL"
            " AND a.state NOT IN ({nobody}) AND (SELECT count(*) FROM attempt b"
            " WHERE b.phone_id = a.phone_id AND b.id <> a.id AND b.task_id IS NOT NULL"
            " AND b.state NOT IN ({nobody}) AND b.intent_at <= a.intent_at"
            " AND b.intent_at > a.intent_at - {cap_per} * {second}) >= {cap_calls}"
        ),
    ),
    Promise(
        id="I5",
        says="an intent to a number that was on the do-not-call list",
        query=(
            "SELECT a.id FROM suppression s JOIN attempt a ON a.phone_id = s.phone_id"
            " AND a.intent_at > s.added_at WHERE a.task_id IS NOT NULL"
            " UNION ALL SELECT a.id FROM campaign_suppression s JOIN attempt a"
            " ON a.phone_id = s.phone_id AND a.campaign_id = s.campaign_id"
            " AND a.intent_at > s.added_at WHERE a.task_id IS NOT NULL"
        ),
    ),
    Promise(
        id="I6",
        says="a slot that is free before its window has passed",
        query=(
            "SELECT a.id FROM slot s JOIN attempt a ON a.id = s.attempt_id WHERE s.kind = 'start'"
            " AND a.state <> 'not_sent' AND s.free_at < a.intent_at + s.window_s * {second}"
        ),
        live=True,
    ),
    Promise(
        id="I7",
        says="a claimed dial task without a lease",
        query=("SELECT id FROM dial_task WHERE state = 'claimed' AND claim_until IS NULL"),
        live=True,
    ),
    Promise(
        id="I7",
        says="a dial task that waits while it is being called",
        query=(
            "SELECT t.id FROM attempt a JOIN dial_task t ON t.id = a.task_id"
            " WHERE a.open AND t.state IN ('waiting', 'claimed')"
            " UNION ALL SELECT t.id FROM attempt a JOIN attempt_member m ON m.attempt_id = a.id"
            " JOIN dial_task t ON t.id = m.task_id"
            " WHERE a.open AND t.state IN ('waiting', 'claimed')"
        ),
        live=True,
    ),
    Promise(
        id="I7",
        says="a dial task that is calling without an attempt that may have rung",
        query=(
            "SELECT t.id FROM dial_task t WHERE t.state = 'calling' AND NOT EXISTS (SELECT 1"
            " FROM attempt a WHERE a.task_id = t.id AND a.state NOT IN ({nobody}))"
            " AND NOT EXISTS (SELECT 1 FROM attempt_member m JOIN attempt a ON a.id = m.attempt_id"
            " WHERE m.task_id = t.id AND a.state NOT IN ({nobody}))"
        ),
    ),
    Promise(
        id="I7",
        says="a call for several rows that is not of one campaign and touch, or counts one twice",
        query=(
            "SELECT m.attempt_id AS id FROM attempt_member m JOIN attempt a ON a.id = m.attempt_id"
            " LEFT JOIN dial_task lead ON lead.id = a.task_id"
            " JOIN dial_task t ON t.id = m.task_id WHERE lead.id IS NULL OR lead.id = t.id"
            " OR lead.campaign_id <> t.campaign_id OR lead.touch <> t.touch"
        ),
    ),
    Promise(
        id="I8",
        says="a contact without a dial task",
        query=(
            "SELECT c.id FROM contact c WHERE NOT EXISTS"
            " (SELECT 1 FROM dial_task t WHERE t.contact_id = c.id)"
        ),
    ),
    Promise(
        id="I8",
        says="a dial task in another campaign than its contact",
        query=(
            "SELECT t.id FROM dial_task t JOIN contact c ON c.id = t.contact_id"
            " WHERE c.campaign_id <> t.campaign_id"
        ),
    ),
    Promise(
        id="I8",
        says="an outcome that is not an end, or an end without one",
        query="SELECT id FROM dial_task WHERE (state = 'done') <> (outcome IS NOT NULL)",
    ),
    Promise(
        id="I10",
        says="a call that says less than what was said about it",
        query=(
            "SELECT a.id FROM event e JOIN attempt a ON a.id = e.attempt_id"
            " WHERE e.folded AND a.state <> 'unresolved'"
            " AND CASE a.state {became} ELSE -1 END < CASE e.status {said} ELSE -1 END"
        ),
    ),
    Promise(
        id="I12",
        says="an intent while its campaign was paused",
        query=(
            "SELECT a.id FROM audit p JOIN attempt a ON a.campaign_id = p.campaign_id"
            " AND a.intent_at > p.at WHERE p.what = 'pause' AND NOT EXISTS (SELECT 1 FROM audit r"
            " WHERE r.campaign_id = p.campaign_id AND r.what = 'resume'"
            " AND r.at BETWEEN p.at AND a.intent_at)"
        ),
    ),
    Promise(
        id="I12",
        says="an intent while its account was paused",
        query=(
            "SELECT a.id FROM audit p JOIN attempt a ON a.account_id = p.account_id"
            " AND a.intent_at > p.at WHERE p.what = 'pause' AND NOT EXISTS (SELECT 1 FROM audit r"
            " WHERE r.account_id = p.account_id AND r.what = 'resume'"
            " AND r.at BETWEEN p.at AND a.intent_at)"
        ),
    ),
    Promise(
        id="I12",
        says="an intent after its campaign was cancelled",
        query=(
            "SELECT a.id FROM audit c JOIN attempt a ON a.campaign_id = c.campaign_id"
            " AND a.intent_at > c.at WHERE c.what = 'cancel'"
        ),
    ),
    Promise(
        id="I13",
        says="an attempt of a version that was never accepted, or not yet",
        query=(
            "SELECT a.id FROM attempt a LEFT JOIN campaign_version v"
            " ON v.campaign_id = a.campaign_id AND v.version = a.version"
            " WHERE a.campaign_id IS NOT NULL"
            " AND (v.version IS NULL OR v.accepted_at > a.intent_at)"
        ),
    ),
    Promise(
        id="I13",
        says="an attempt in another campaign or account than its dial task",
        query=(
            "SELECT a.id FROM attempt a JOIN {made} made ON made.attempt_id = a.id"
            " JOIN dial_task t ON t.id = made.task_id"
            " WHERE a.campaign_id <> t.campaign_id OR a.account_id <> t.account_id"
        ),
    ),
)
