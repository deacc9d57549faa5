"""Any reasonable wording counts, in any language of the list; what the agent says never does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.core.definition import OptOut
from campaigns.core.opt_out import PHRASES, TAGS, asked

NONE = OptOut()


def heard(*said: str, role: str = "user", more: OptOut = NONE) -> str | None:
    return asked({"transcript": [{"role": role, "content": one} for one in said]}, more)


def tagged(*tags: Any, more: OptOut = NONE) -> str | None:
    return asked({"analysis": {"tags": list(tags)}}, more)


@pytest.mark.parametrize(
    "said",
    [
        "Stop calling me!",
        "Please stop calling this number.",
        "PLEASE STOP   CALLING",
        "don't call me again",
        "don’t call me ever again",  # a curly apostrophe, as a transcriber writes it
        "Do not call here any more",
        "You must never call me again.",
        "Can you please take me off your list?",
        "take my number off, would you",
        "Remove me from your list",
        "remove my number",
        "I want to be removed from this list",
        "I'd like to unsubscribe",
        "I want to opt out",
        "opt-out please",
        "put me on your do not call list",
        "Put me on the do-not-call list.",
        "I revoke my consent",
        "leave me alone",
        "lose my number",
        "quit calling me",
        "stop contacting me",
        "No me llame más",
        "por favor, no me llamen más",
        "dejen de llamar",
        "Deje de llamarme",
        "No vuelvan a llamar",
        "Ne m'appelez plus",
        "ne m’appelez plus jamais",
        "Veuillez ne plus m'appeler",
        "Arrêtez de m'appeler",
        "Rufen Sie mich nicht mehr an",
        "Bitte rufen Sie mich nie wieder an",
        "Sie sollen hier nicht mehr anrufen",
        "mujhe call mat karo",
        "Mat karo call",
        "मुझे कॉल मत कीजिए",
        "मुझे दोबारा फोन मत करना",
        "dont call me again",
        "Don't ever call me again",
        "please do not ever call me",
        "don‘t call me",
        "Don ʼt call me",
        "please don't... call me",
        "never ever call me",
        "I don't want you calling me",
        "I don't want any more calls",
        "That's why I don't want you to call me",
        "I asked you not to call me",
        "I did not ask you to call me",
        "no more calls please",
        "stop phoning me",
        "stop the calls",
        "you people keep calling, stop it",
        "Stop. Calling. Me.",
        "quit bothering me",
        "remove me",
        "take my name off your list",
        "put me off your list",
        "I want to opt-out",
        "Unsubscribe me",
        "stop.",
        "bitte nicht anrufen",
        "Ich möchte keine Anrufe mehr",
        "Hören Sie auf, mich anzurufen",
        "Löschen Sie meine Nummer",
        "no llames más",
        "no llames mas",
        "no me vuelvan a llamar",
        "No quiero más llamadas",
        "Pourquoi vous n'arrêtez pas de m'appeler",
        "m'appelez plus",
        "Je ne veux plus d'appels",
        "band karo call karna",
        "mujhe phone na kare",
        "कॉल करना बंद करो",
    ],
)
def test_a_wish_is_heard(said: str) -> None:
    assert heard(said) == "asked in the call"
    assert heard("Hello?", said, "Goodbye.") == "asked in the call"


@pytest.mark.parametrize(
    "said",
    [
        "Hello, who is this?",
        "Yes, call me tomorrow",
        "I stopped by the shop and called them",
        "Please stop. What was the date again?",
        "I will take the meeting off my calendar",
        "We unsubscribed years ago from the paper, but yes",
        "Nobody opted outside the plan",
        "मुझे कल कॉल कीजिए",
        "Rufen Sie mich morgen an",
        "why did you not call me yesterday",
        "I waited all day, why didn't you call me",
        "you did not call me back",
        "Why don't you call me tomorrow?",
        "I don't know who is calling",
        "I don't. Call me tomorrow.",
        "Don't forget to call me tomorrow",
        "do not hesitate to call me",
        "I do not have time now, call me later",
        "take me to the list of doctors",
        "Warum rufen Sie mich nicht morgen an?",
        "No, llámeme mañana",
        "Pourquoi ne m'appelez-vous pas demain ?",
        "",
    ],
)
def test_other_words_are_no_wish(said: str) -> None:
    assert heard(said) is None


@given(st.sampled_from(PHRASES), st.sampled_from(["", "well, ", "¡", "... "]))
def test_every_phrase_of_the_list_is_found_in_a_sentence(phrase: str, before: str) -> None:
    assert heard(f"{before}{phrase}, thanks") == "asked in the call"
    assert heard(phrase.upper()) == "asked in the call"


@given(st.sampled_from(PHRASES), st.sampled_from(["agent", "assistant", "bot", "system", "", "AI"]))
def test_the_agents_own_words_never_count(phrase: str, role: str) -> None:
    assert heard(f"Say: {phrase}, and I will", role=role) is None


@pytest.mark.parametrize("role", ["User ", "USER", "user_1", "Called person", "customer"])
@pytest.mark.parametrize("name", ["role", "speaker"])
def test_the_person_called_has_many_labels(role: str, name: str) -> None:
    assert asked({"transcript": [{name: role, "content": "stop the calls"}]}, NONE)


@pytest.mark.parametrize(
    "role", ["AI agent", "Agent ", "virtual_assistant", "human agent", "BOT 1"]
)
def test_so_has_the_agent(role: str) -> None:
    assert heard("I will not call you again, stop calling me", role=role) is None


def test_an_unknown_label_is_the_person_called_beside_the_agents_own() -> None:
    agents = {"role": "agent", "content": "How can I help?"}
    other = {"role": "Speaker 2", "content": "Stop the calls"}
    assert asked({"transcript": [agents, other]}, NONE) == "asked in the call"
    assert asked({"transcript": [other]}, NONE) is None  # both might be its label


@pytest.mark.parametrize("said", ["please stop calling me", "take my name off your list"])
def test_where_nobody_is_named_a_wish_in_the_first_person_counts(said: str) -> None:
    assert asked({"transcript": [{"content": said}]}, NONE) == "asked in the call"
    assert asked({"transcript": said}, NONE) == "asked in the call"
    told = f"If you like, say {said}"
    assert asked({"transcript": [{"content": told}]}, NONE) is None
    assert asked({"transcript": told}, NONE) is None
    assert asked({"transcript": "If you like we will stop calling."}, NONE) is None


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("agent: Hello.\nuser: stop the calls", True),
        ("Agent: Hello. User: stop the calls", True),
        ("[00:01] Agent: Hello\nMaria: stop the calls", True),
        ("agent: I can stop the calls.\nuser: no", False),
        ("agent: say stop calling me. user: no agent: remove me, is that it?", False),
    ],
)
def test_a_transcript_in_one_text_is_read_by_its_labels(text: str, wish: bool) -> None:
    assert (asked({"transcript": text}, NONE) is not None) is wish


def test_a_wish_that_the_transcriber_has_cut_in_two_is_heard() -> None:
    assert heard("please do not", "call me again") == "asked in the call"
    assert heard("No, I do not.", "Call me tomorrow.") is None


@pytest.mark.parametrize(
    "word", ["stop ", "do not ", "no ", "keep calling ", "a", "ne ", ". ", "user:"]
)
def test_a_transcript_of_any_length_is_read(word: str) -> None:
    """In time by its length: one that takes more than that would not end here."""
    assert heard(word * 20_000, "x") is None or "call" in word
    asked({"transcript": word * 20_000}, NONE)


def test_both_forms_of_a_transcript_are_read() -> None:
    second = {"transcript": [{"role": "user", "content": "stop calling", "timestamp": "5.2"}]}
    first = {"transcript": [{"role": "User", "text": "stop calling", "timestamp": 5.2}]}
    assert asked(second, NONE) == asked(first, NONE) == "asked in the call"


@pytest.mark.parametrize(
    "tag",
    ["opt_out", "Opt-Out", "Opt-Out!", "do-not_call.", "OPT OUT", " do not call ", "DNC", "dnd"],
)
def test_a_tag_counts_in_any_spelling(tag: str) -> None:
    found = tagged("happy", tag)
    assert found is not None
    assert found.removeprefix("tag ") in TAGS


def test_a_campaign_adds_to_the_list_and_takes_nothing_from_it() -> None:
    more = OptOut(tags=("Not Ours",), phrases=("Kein Interesse",))
    assert tagged("not-ours", more=more) == "tag not_ours"
    assert heard("kein  INTERESSE!", more=more) == "asked in the call"
    assert tagged("not-ours") is None
    assert heard("kein Interesse") is None
    assert tagged("dnc", more=more) == "tag dnc"
    assert heard("stop calling", more=more) == "asked in the call"


def test_a_phrase_of_a_campaign_is_no_pattern() -> None:
    assert heard("anything", more=OptOut(phrases=("a.*g",))) is None
    assert heard("I said a.*g!", more=OptOut(phrases=("a.*g",))) == "asked in the call"


def test_what_is_kept_for_the_record_names_nobody() -> None:
    said = heard("This is Maria Gomez on 617 555 0100: stop calling")
    assert said == "asked in the call"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["analysis", "transcript", "id"]), json_values))
@example({"transcript": "stop calling"})
@example({"transcript": [{"role": "user", "content": ["stop calling"]}]})
@example({"transcript": [{"role": ["user"], "content": "stop calling"}]})
@example({"transcript": {"role": "user", "content": "stop calling"}})
@example({"analysis": {"tags": "opt_out"}})
@example({"analysis": {"tags": [["opt_out"]]}})
@example({"analysis": ["opt_out"]})
@example({"transcript": [None, 3, [], {"content": "stop calling"}]})
def test_another_shape_says_nothing_and_never_raises(call: dict[str, Any]) -> None:
    assert asked(call, NONE) is None


@given(json_values, st.sampled_from(["user", "USER", "caller"]), json_values)
def test_a_turn_of_any_shape_beside_a_clear_one_does_not_hide_it(
    odd: Any, role: str, tags: Any
) -> None:
    call = {
        "analysis": {"tags": tags},
        "transcript": [odd, {"role": role, "content": "please stop calling"}, odd],
    }
    assert asked(call, NONE) is not None
