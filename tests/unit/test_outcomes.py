"""What was said folds into what happened: the set decides, not the order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.calls import CallStatus as C
from campaigns.core.lifecycle import AttemptState, Outcome
from campaigns.core.outcomes import OUTCOME_OF, Said, Source, better, fold

T0 = datetime(2026, 3, 10, tzinfo=UTC)


def said(
    status: C | None, *, s: float = 0, source: Source = Source.WEBHOOK, talked: float | None = None
) -> Said:
    return Said(source=source, status=status, at=T0 + timedelta(seconds=s), duration_s=talked)


pieces = st.builds(
    said,
    st.one_of(st.none(), st.sampled_from(C)),
    s=st.floats(0, 1000),
    source=st.sampled_from(Source),
    talked=st.one_of(st.none(), st.floats(0, 300)),
)


@given(st.lists(pieces, max_size=6), st.randoms())
def test_order_and_repetition_cannot_matter(evidence: list[Said], dice: object) -> None:
    shuffled = evidence + evidence[:2]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
    assert fold(shuffled) == fold(evidence)


def test_every_permutation_of_a_whole_call_is_completed() -> None:
    call = [said(word, s=i) for i, word in enumerate((C.INITIATING, C.RINGING, C.IN_PROGRESS))]
    call.append(said(C.COMPLETED, s=9, talked=20))
    assert {fold(order) for order in permutations(call)} == {fold(call)}
    assert fold(call).status is C.COMPLETED
    assert fold(call).answered


@pytest.mark.parametrize("end", [C.NO_ANSWER, C.BUSY, C.FAILED, C.CANCELLED])
def test_somebody_picked_up_whatever_word_ended_it(end: C) -> None:
    verdict = fold([said(C.IN_PROGRESS), said(end, s=5)])
    assert verdict.status is C.COMPLETED
    assert verdict.answered


def test_voicemail_stays_voicemail_and_a_completed_beside_it_forbids_a_retry() -> None:
    assert fold([said(C.VOICEMAIL)]).answered is False
    both = fold([said(C.VOICEMAIL), said(C.COMPLETED)])
    assert both.status is C.VOICEMAIL
    assert both.answered


def test_an_unknown_word_says_nothing() -> None:
    assert fold([said(None)]).status is None
    assert fold([said(None), said(C.RINGING)]).status is C.RINGING


def test_seconds_of_talk_in_an_unanswered_call_ask_for_a_look_first() -> None:
    odd = said(C.NO_ANSWER, talked=12)
    assert fold([odd]).look_first
    assert not fold([odd, said(C.FAILED, s=3, source=Source.STATUS)]).look_first
    assert not fold([said(C.NO_ANSWER, talked=0)]).look_first


def test_a_get_that_says_failed_confirms_no_answer() -> None:
    verdict = fold([said(C.NO_ANSWER), said(C.FAILED, s=4, source=Source.STATUS)])
    assert verdict.status is C.NO_ANSWER
    assert verdict.confirmed


def test_a_get_that_says_completed_overrules_no_answer() -> None:
    verdict = fold([said(C.NO_ANSWER), said(C.COMPLETED, s=4, source=Source.STATUS)])
    assert verdict.status is C.COMPLETED


def test_a_get_that_still_sees_it_alive_after_the_ending_is_told() -> None:
    ended = said(C.NO_ANSWER, s=10)
    assert fold([ended, said(C.RINGING, s=11, source=Source.STATUS)]).live_since is not None
    assert fold([ended, said(C.RINGING, s=9, source=Source.STATUS)]).live_since is None
    assert fold([ended, said(C.RINGING, s=11)]).live_since is None


def test_late_evidence_moves_an_outcome_up_never_down() -> None:
    assert better(Outcome.COMPLETED, Outcome.NO_ANSWER)
    assert not better(Outcome.NO_ANSWER, Outcome.COMPLETED)
    assert better(Outcome.FAILED, Outcome.UNRESOLVED)
    assert not any(better(one, one) for one in Outcome)


def test_who_was_asked_by_us_and_who_told_us() -> None:
    assert [source for source in Source if source.asked] == [Source.STATUS, Source.SWEEP]


@pytest.mark.parametrize("alive", [C.INITIATING, C.RINGING])
def test_a_get_that_sees_a_call_alive_after_its_ending_is_remembered(alive: C) -> None:
    ended = said(C.NO_ANSWER, s=10)
    later = fold([ended, said(alive, s=11, source=Source.STATUS)])
    assert later.live_since == T0 + timedelta(seconds=11)
    assert fold([ended, said(alive, s=10, source=Source.STATUS)]).live_since is None
    assert fold([ended, said(alive, s=11)]).live_since is None
    again = [said(alive, s=s, source=Source.SWEEP) for s in (12, 14, 13)]
    assert fold([ended, *again]).live_since == T0 + timedelta(seconds=14)


def test_a_call_that_was_answered_or_confirmed_as_over_is_not_alive() -> None:
    alive = said(C.RINGING, s=11, source=Source.STATUS)
    assert fold([said(C.COMPLETED, s=10), alive]).live_since is None
    confirmed = said(C.NO_ANSWER, s=12, source=Source.STATUS)
    assert fold([said(C.NO_ANSWER, s=10), alive, confirmed]).live_since is None


def test_only_an_ending_without_an_answer_can_be_confirmed() -> None:
    assert fold([said(C.BUSY, source=Source.SWEEP)]).confirmed
    assert not fold([said(C.COMPLETED, source=Source.STATUS)]).confirmed
    assert not fold([said(C.BUSY)]).confirmed


def test_the_longest_talk_that_was_told_counts() -> None:
    told = [said(C.COMPLETED, talked=20), said(C.COMPLETED, s=1, talked=31)]
    assert fold(told).duration_s == 31


def test_who_picked_up_for_a_machine_has_not_answered() -> None:
    assert not fold([said(C.IN_PROGRESS), said(C.VOICEMAIL, s=5)]).answered


def test_each_stage_began_when_it_was_first_told() -> None:
    told = [said(word, s=s) for word, s in ((C.RINGING, 3), (C.RINGING, 2), (C.IN_PROGRESS, 7))]
    verdict = fold([*told, said(C.IN_PROGRESS, s=6), said(C.COMPLETED, s=9)])
    seconds = [
        instant and (instant - T0).total_seconds()
        for instant in (verdict.ringing_at, verdict.in_progress_at, verdict.terminal_at)
    ]
    assert seconds == [2, 6, 9]
    assert fold([said(C.COMPLETED)]).ringing_at is None


def test_a_call_nobody_could_tell_about_ends_its_task_as_unresolved() -> None:
    assert OUTCOME_OF[AttemptState.UNRESOLVED] is Outcome.UNRESOLVED
