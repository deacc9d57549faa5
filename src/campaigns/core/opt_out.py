"""Whether somebody asked not to be called again: by a tag of the analysis, or in their own words.

Any reasonable wording counts (47 CFR 64.1200(a)(10)), so the list is long, and a campaign adds to
it; nothing takes from it. A doubt costs one contact, a missed wish costs $500 to $1,500.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from campaigns.core.definition import OptOut

TAGS = frozenset(
    {
        *("opt_out", "opted_out", "optout", "stop", "stop_calling", "do_not_call", "dnc", "dnd"),
        *("unsubscribe", "remove_me", "not_interested_do_not_call", "revoked_consent"),
    }
)
"""Tags of the provider's analysis that mean it, in any spelling of words and case."""
PHRASES = (
    *("stop calling", "don't call", "do not call", "never call", "quit calling", "not call me"),
    *("stop phoning", "don't phone", "don't ring", "no more calls", "stop ringing me"),
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
"""Words of the person called that mean it; a hyphen is a space."""
_HYPHENS = re.compile("[-\u2010\u2011]")
_SPEAKERS = frozenset({"user", "callee", "customer", "caller", "human", "person", "contact"})


def asked(call: Mapping[str, Any], more: OptOut) -> str | None:
    """How a finished call says it, for the record; None: it does not.

    `call`: the provider's own object with `analysis.tags` and `transcript`. What the agent said
    does not count. Whatever has another shape than expected says nothing.
    """
    tags = {_word(tag) for tag in _tags(call)}
    wanted = TAGS | {_word(tag) for tag in more.tags}
    if tags & wanted:
        return f"tag {min(tags & wanted)}"
    phrases = _compiled(more.phrases)
    for turn in _turns(call):
        if phrases.search(_plain(turn)):
            return "asked in the call"
    return None


def _tags(call: Mapping[str, Any]) -> Iterable[str]:
    analysis = call.get("analysis")
    tags = analysis.get("tags") if isinstance(analysis, Mapping) else None
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _turns(call: Mapping[str, Any]) -> Iterable[str]:
    turns = call.get("transcript")
    for turn in turns if isinstance(turns, list) else []:
        if not isinstance(turn, Mapping):
            continue
        said = turn.get("content") or turn.get("text")
        if isinstance(said, str) and str(turn.get("role", "")).lower() in _SPEAKERS:
            yield said


def _word(tag: str) -> str:
    return re.sub(r"[\s_-]+", "_", tag.strip().lower())


def _plain(said: str) -> str:
    """Lower case, one kind of apostrophe, one space, which a hyphen is too."""
    text = unicodedata.normalize("NFKC", said).lower().replace("’", "'").replace("`", "'")
    return " ".join(_HYPHENS.sub(" ", text).split())


@lru_cache(maxsize=256)
def _compiled(more: tuple[str, ...]) -> re.Pattern[str]:
    phrases = {_plain(phrase) for phrase in (*PHRASES, *more)} - {""}
    each = "|".join(re.escape(phrase) for phrase in sorted(phrases))
    return re.compile(rf"(?<!\w)(?:{each})(?!\w)" if each else r"(?!)")
