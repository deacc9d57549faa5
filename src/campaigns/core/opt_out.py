"""Whether somebody asked not to be called again: by a tag of the analysis, or in their own words.

Any reasonable wording counts (47 CFR 64.1200(a)(10)), so the list is long, and a campaign adds to
it; nothing takes from it. A doubt costs one contact, a missed wish costs $500 to $1,500.

The agent's own words never count. Whose label is unknown is the person called where the agent has
another label in the same call; where it has none, only a wish in the first person counts, which an
agent does not utter unless it tells what to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from campaigns.core.definition import OptOut
from campaigns.core.transcripts import Said, said_in
from campaigns.core.wishes import PAST, PATTERNS, WHOLE, plain

TAGS = frozenset(
    {
        *("opt_out", "opted_out", "optout", "stop", "stop_calling", "do_not_call", "dnc", "dnd"),
        *("unsubscribe", "remove_me", "not_interested_do_not_call", "revoked_consent"),
        *("do_not_contact", "dont_call", "never_call", "opt_out_request", "opt_out_requested"),
        *("dnc_request", "dnc_requested", "remove_from_list", "unsubscribed"),
    }
)
"""Tags of the provider's analysis that mean it, in any spelling of words and case."""
PHRASES = (
    *("stop calling", "don't call", "do not call", "never call", "quit calling"),
    *("stop phoning", "don't phone", "don't ring", "no more calls", "stop ringing me"),
    *("no call list", "not to call me", "please not call me", "cannot call me"),
    *("remove me from", "removed from", "remove my number", "remove this number", "remove us from"),
    *("delete my number", "take me off", "taken off", "take us off", "take my number"),
    *("take this number off", "unsubscribe", "opt out", "opt me out", "opted out of"),
    *("do not contact", "don't contact", "never contact", "stop contacting", "stop bothering me"),
    *("revoke my consent", "withdraw my consent", "leave me alone", "lose my number"),
    *("no me llame", "no me llamen", "no me llames", "deje de llamar", "dejen de llamar"),
    *("deje de llamarme", "dejen de llamarme", "no vuelva a llamar", "no vuelvan a llamar"),
    *("no llame más", "no llamen más", "no quiero que me llamen", "borre mi número"),
    *("quíteme de la lista", "quítenme de la lista", "bórreme de la lista"),
    *("ne m'appelez plus", "ne m'appelle plus", "ne plus m'appeler", "arrêtez de m'appeler"),
    *("arrêtez d'appeler", "ne rappelez plus", "retirez mon numéro", "supprimez mon numéro"),
    *("rufen sie mich nicht", "rufen sie mich nie", "nicht mehr anrufen", "nie wieder anrufen"),
    *("rufen sie nicht mehr an", "rufen sie nie wieder an", "keine anrufe mehr"),
    *("löschen sie meine nummer", "streichen sie mich"),
    *("mat karo call", "call mat karo", "call mat karna", "call mat kijiye", "phone mat karo"),
    *("phone mat karna", "कॉल मत", "फोन मत", "फ़ोन मत", "कॉल ना करें", "कॉल न करें"),
)
"""Words of the person called that mean it; core/wishes.py has those with others in between."""


def asked(call: Mapping[str, Any], more: OptOut) -> str | None:
    """How a finished call says it, for the record; None: it does not.

    `call`: the provider's own object with `analysis.tags` and `transcript`. What the agent said
    does not count. Whatever has another shape than expected says nothing.
    """
    tags = {_word(tag) for tag in _tags(call)}
    wanted = TAGS | {_word(tag) for tag in more.tags}
    if tags & wanted:
        return f"tag {min(tags & wanted)}"
    if any(_wished(said, more) for said in said_in(call.get("transcript"))):
        return "asked in the call"
    return None


def _wished(said: Said, more: OptOut) -> bool:
    turns = [plain(turn) for turn in said.turns]
    if not said.doubtful and any(WHOLE.match(turn) for turn in turns):
        return True
    text = PAST.sub(" | ", f" {' '.join(turns)} ")
    found = (*_compiled(more.phrases).finditer(text), *PATTERNS.finditer(text))
    return any(not said.doubtful or _own_wish(text, match) for match in found)


_ME = frozenset(
    [
        "me",
        "my",
        "us",
        "our",
        "i",
        "mich",
        "mir",
        "uns",
        "meine",
        "moi",
        "mon",
        "nous",
        "mi",
        "nos",
        "quiero",
    ]
)
_ME_BEFORE = frozenset({"mujhe", "mujhko", "hame", "humein", "मुझे", "हमें"})
_TOLD = frozenset(
    [
        "say",
        "saying",
        "says",
        "tell",
        "telling",
        "reply",
        "answer",
        "word",
        "words",
        "press",
        "diga",
        "dites",
        "sagen",
        "bolo",
    ]
)


def _own_wish(text: str, match: re.Match[str]) -> bool:
    """In the first person, and not told as what to say."""
    before = text[max(0, match.start() - 60) : match.start()].split()[-3:]
    after = text[match.end() : match.end() + 40].split()[:2]
    words = [*match.group().split(), *after]
    mine = bool(_ME & {*words}) or any(word.startswith(("mappel", "llamarme")) for word in words)
    return (mine or bool(_ME_BEFORE & {*before, *words})) and not _TOLD & {*before}


def _tags(call: Mapping[str, Any]) -> Iterable[str]:
    analysis = call.get("analysis")
    tags = analysis.get("tags") if isinstance(analysis, Mapping) else None
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _word(tag: str) -> str:
    return "_".join(word for word in plain(tag.replace("_", " ")).split() if word != "|")


@lru_cache(maxsize=256)
def _compiled(more: tuple[str, ...]) -> re.Pattern[str]:
    phrases = {plain(phrase).strip("| ") for phrase in (*PHRASES, *more)} - {""}
    each = "|".join(re.escape(phrase) for phrase in sorted(phrases))
    return re.compile(rf"(?<= )(?:{each})(?= )")
