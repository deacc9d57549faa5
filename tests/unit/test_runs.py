"""Which run a contact belongs to, and which comes next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from campaigns.core.definition import Schedule
from campaigns.core.hours import Hours
from campaigns.core.lifecycle import Outcome
from campaigns.core.runs import Run, current, following, missed, next_after, next_refresh
from campaigns.core.schedule import plan_touches
from campaigns.core.where import Where
from tests.support.trees import definition

MONTHLY = Schedule(cron="0 10 1 * *", timezone="America/New_York")
FEB_20 = datetime(2026, 2, 20, tzinfo=UTC)
MARCH, APRIL = (datetime(2026, 3, 1, 15, tzinfo=UTC), datetime(2026, 4, 1, 14, tzinfo=UTC))


def test_a_new_campaign_waits_for_its_first_firing_from_the_start_on() -> None:
    assert current(MONTHLY, "", None, FEB_20) == Run(at=MARCH, begun=False)
    later = MONTHLY.model_copy(update={"start": MARCH})
    assert current(later, "", None, FEB_20) == Run(at=MARCH, begun=False)
    later = MONTHLY.model_copy(update={"start": MARCH + timedelta(seconds=1)})
    assert current(later, "", None, FEB_20) == Run(at=APRIL, begun=False)


def test_no_run_begins_at_the_end_or_after() -> None:
    ends = MONTHLY.model_copy(update={"end": MARCH})
    assert following(ends, FEB_20) is None
    assert current(ends, "", None, FEB_20) is None
    assert next_after(ends, "2026-02-01T15:00Z", FEB_20) is None


def test_a_run_that_has_begun_stays_whatever_the_cron_says_now() -> None:
    begun = Run(at=MARCH, begun=True)
    for schedule in (MONTHLY, Schedule(), MONTHLY.model_copy(update={"cron": "0 9 * * *"})):
        assert current(schedule, "2026-03-01T15:00Z", None, MARCH + timedelta(days=2)) == begun


def test_a_run_that_waits_follows_the_cron_until_its_time_has_come() -> None:
    sooner = MONTHLY.model_copy(update={"cron": "0 10 25 * *"})
    found = current(sooner, "2026-03-01T15:00Z", MARCH, FEB_20)
    assert found == Run(at=datetime(2026, 2, 25, 15, tzinfo=UTC), begun=False)
    due = MARCH + timedelta(seconds=30)
    assert current(sooner, "2026-03-01T15:00Z", MARCH, due) == Run(at=MARCH, begun=False)


def test_the_next_run_waits_for_the_last_and_takes_what_it_overran_only_while_it_is_fresh() -> None:
    run = "2026-03-01T15:00Z"
    assert next_after(MONTHLY, run, MARCH + timedelta(days=3)) == Run(at=APRIL, begun=False)
    fresh = APRIL + timedelta(hours=1)
    assert next_after(MONTHLY, run, fresh) == Run(at=APRIL, begun=False)
    assert not missed(APRIL, fresh)
    late = fresh + timedelta(seconds=1)
    assert missed(APRIL, late)
    may = datetime(2026, 5, 1, 14, tzinfo=UTC)
    assert next_after(MONTHLY, run, late) == Run(at=may, begun=False)


def test_everybody_is_due_at_the_firing_and_whoever_comes_later_at_once() -> None:
    def plan(now: datetime, run: Run | None, not_before: datetime | None = None) -> object:
        (only,) = plan_touches(
            MONTHLY,
            None,
            now=now,
            hours=Hours(definition(calling_hours="always").calling_hours),
            where=Where(("America/New_York",)),
            not_before=not_before,
            run=run,
        )
        return only.occasion, only.due_at, only.outcome

    march = Run(at=MARCH, begun=False)
    assert plan(FEB_20, march) == ("2026-03-01T15:00Z", MARCH, None)
    later = MARCH + timedelta(hours=5)
    assert plan(later, Run(at=MARCH, begun=True)) == ("2026-03-01T15:00Z", later, None)
    assert plan(FEB_20, march, later) == ("2026-03-01T15:00Z", later, None)
    # A cron that fires no more calls nobody, least of all at once.
    assert plan(FEB_20, None) == ("", FEB_20, Outcome.SKIPPED)


def test_a_list_is_read_again_until_the_end() -> None:
    nightly = definition(
        contacts={"file": "a.csv", "refresh": "30 2 * * *"},
        schedule={"timezone": "America/New_York", "end": "2026-03-02T00:00"},
    )
    first = datetime(2026, 3, 1, 7, 30, tzinfo=UTC)
    assert next_refresh(nightly, first - timedelta(hours=1)) == first
    assert next_refresh(nightly, first) is None
    assert next_refresh(definition(), first) is None
