"""What was said folds into what happened: the set decides, not the order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.calls import CallStatus as C
from campaigns.core.lifecycle import Outcome
from campaigns.core.outcomes import Said, Source, better, fold

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
