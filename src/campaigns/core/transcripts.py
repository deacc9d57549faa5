"""Who said what in a call, out of whatever the provider has written down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.core.wishes import plain

_AGENT = frozenset(
    ["agent", "assistant", "bot", "ai", "system", "model", "tool", "function", "machine"]
)
_CALLEE = frozenset(
    [
        "user",
        "callee",
        "customer",
        "caller",
        "human",
        "person",
        "contact",
        "client",
        "lead",
        "prospect",
        "recipient",
        "patient",
    ]
)
_ROLES = ("role", "speaker", "from", "sender", "author", "participant")
_WORDS = ("content", "text", "message", "utterance")
_LABEL = re.compile(
    r"^[ \t]*(?P<line>[^\n:]{1,30}):"
    rf"|(?<!\w)(?P<known>{'|'.join(sorted(_AGENT | _CALLEE))})[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """Turns of one voice that is not the agent's. `doubtful`: it could be the agent's after all."""

    turns: tuple[str, ...] = field(repr=False)
    doubtful: bool


def said_in(transcript: Any) -> Iterator[Said]:
    """What the person called has said; turns that follow each other are one.

    `transcript`: a list of turns with `role` or `speaker`, or one text, with or without labels.
    """
    turns = [*_labelled(transcript)] if isinstance(transcript, str) else [*_turns(transcript)]
    known = any(_is(role, _AGENT) for role, _ in turns)
    last: tuple[bool, list[str]] | None = None
    for role, words in turns:
        doubtful = not _is(role, _CALLEE) and not (known and role)
        if last is not None and (_is(role, _AGENT) or last[0] != doubtful):
            yield Said(turns=tuple(last[1]), doubtful=last[0])
            last = None
        if not _is(role, _AGENT):
            last = last or (doubtful, [])
            last[1].append(words)
    if last is not None:
        yield Said(turns=tuple(last[1]), doubtful=last[0])


def _is(role: str, names: Iterable[str]) -> bool:
    words = {word.strip("0123456789") for word in role.split()}
    return not words.isdisjoint(names) and (names is _AGENT or words.isdisjoint(_AGENT))


def _turns(transcript: Any) -> Iterator[tuple[str, str]]:
    for turn in transcript if isinstance(transcript, list) else []:
        if not isinstance(turn, Mapping):
            continue
        roles = (turn.get(name) for name in _ROLES)
        role = next((role for role in roles if isinstance(role, str) and role.strip()), "")
        words = next((turn[name] for name in _WORDS if turn.get(name)), None)
        if isinstance(words, str):
            yield plain(role.replace("_", " ")), words


def _labelled(text: str) -> Iterator[tuple[str, str]]:
    role, start = "", 0
    for label in _LABEL.finditer(text):
        yield role, text[start : label.start()]
        role = plain((label["line"] or label["known"]).replace("_", " "))
        start = label.end()
    yield role, text[start:]
