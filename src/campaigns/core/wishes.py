"""Wordings of "do not call me again" with other words in between, in five languages.

They are looked for in plain text: lower case without accents and apostrophes, one space between
words, and a bar where a sentence ends. A gap has a bounded number of words and each word one end,
so the time is proportional to the length of what was said.
"""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = re.compile("['\u2018\u2019\u201a\u201b\u02bc\u02bb\u02b9\u02bd\u2032\u00b4`\uff07]")
_SENTENCE = re.compile(r"(?:[?!\u0964]+|(?<!\.)\.)(?=\s|$)")
_ACCENTS = re.compile("[\u0300-\u036f]")


def plain(said: str) -> str:
    """Lower case, no apostrophe or accent, a space for any other sign, a bar for a full stop."""
    text = _SENTENCE.sub("\n", _APOSTROPHES.sub("", said).replace("\n", " "))
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    kept = (c if c == "\n" or unicodedata.category(c)[0] in "LMN" else " " for c in text)
    return " ".join("".join(kept).replace("\n", " | ").split())


def _gap(most: int, besides: str = "") -> str:
    other = rf"(?!(?:{besides}) )" if besides else ""
    return rf"(?:{other}[^ |]+ ){{0,{most}}}"


_CALL = (
    "(?:call|calls|calling|called|phone|phones|phoning|ring|ringing|contact|contacts|contacting"
    "|contacted|bother|bothering|disturb|disturbing|dial|dialing|dialling|harass|harassing)"
)
_PHONE = "(?:call|phone|ring|contact|bother|disturb|dial|harass)"
_WHO = "(?:you|i|he|she|we|they|it|anyone|anybody|someone|somebody|nobody|people)"
# What is not known, forgotten or heard is no wish: "I don't know who is calling".
_TURNED = (
    "know|knew|forget|hesitate|mind|remember|recall|think|understand|understood|have(?! to)|worry"
    "|recognize|recognise|believe|see|hear|heard|get|got|afraid|receive|received|expect|matter"
    "|care|miss|missed|answer|if|when|later|tomorrow|just|but|so|because|why"
)
_NOT = (
    "(?:do not|dont|don t|does not|doesnt|never|will not|wont|must not|mustnt|should not|shouldnt"
    "|cannot|can not|cant|may not|no longer|not to|please not)"
)
_HINDI = "(?:\u0915\u0949\u0932|\u0915\u093e\u0932|\u092b\u093c?\u094b\u0928)"
_LIST = "(?:list|lists|database|system|records|file|files|books)"
_LATIN_CALL = "(?:call|calls|phone|fon)"

_EACH = (
    # English
    rf"{_NOT} {_gap(3, _TURNED)}{_CALL}",
    rf"(?:stop|quit|cease) (?:\| )?{_gap(3, 'by|in|at|so|and|then')}{_CALL}",
    rf"(?:stop|quit|cease) {_gap(2)}and {_gap(1)}(?:desist)",
    rf"no (?:more|further) {_gap(2)}{_CALL}",
    (
        rf"(?:dont|don t|do not|didnt|did not) (?:want|wish|need|ask|agree|consent|like)"
        rf" {_gap(4)}{_CALL}"
    ),
    rf"(?:no longer|not) (?:want|wish|to) {_gap(3)}{_CALL}",
    rf"not {_PHONE} {_gap(3)}(?:again|anymore|any more|ever|further)",
    rf"(?:you|would|could|can|to) not {_PHONE}(?: me| us| here| this)",
    rf"(?:keep|keeps|kept) (?:on )?{_CALL} {_gap(4)}(?:\| )?{_gap(2)}(?:stop|quit|enough)",
    rf"enough (?:with|of) {_gap(2)}{_CALL}",
    r"(?:remove|delete|erase|unsubscribe|drop|scratch|strike) (?:me|us)",
    (
        rf"(?:remove|removed|delete|deleted|erase|drop|scratch|strike) {_gap(4)}"
        rf"(?:number|name|{_LIST})"
    ),
    (
        r"(?:take|taken|get|put|pull|keep|cross) (?:me|us|(?:my|our|this|that|the) (?:[^ |]+ )?"
        r"(?:number|name|phone|line|house|home)) (?:[^ |]+ )?(?:off|out of)"
    ),
    rf"(?:off|out of|from) (?:of )?(?:your|this|that|the|these|all) {_gap(2)}(?:list|lists)",
    rf"(?:no|do not|dont|non) (?:call|contact|phone) {_LIST}",
    r"(?:opt|opted|opting) (?:me |us |my number )?out",
    r"(?:revoke|withdraw|cancel) (?:[^ |]+ ){0,2}consent",
    r"lose (?:my|this|our) (?:phone )?number",
    # Spanish
    (
        r"(?:no|nunca|jamas) (?:[^ |]+ )?(?:me|nos) (?:[^ |]+ ){0,3}"
        r"(?:llame|llamen|llames|llamar|llameis|llamando|marque|marquen|contacte|contacten|molest\w+)"
    ),
    r"(?:no|nunca|jamas|nunca mas) (?:llame|llamen|llames|llamar|llamarme|llameis)",
    r"no (?:quiero|queremos|deseo|deseamos|vuelva|vuelvan|vuelvas) (?:[^ |]+ ){0,4}llam\w+",
    r"(?:no|ni una|basta de|sin) (?:mas )?llamadas?",
    r"(?:deje|dejen|deja|dejad|pare|paren|para) de (?:[^ |]+ ){0,2}(?:llam|molest|marc)\w+",
    r"(?:quite|quiten|borre|borren|saque|saquen|elimine|eliminen)(?:me|nos)",
    r"(?:quite|quiten|borre|borren|saque|saquen|elimine|eliminen) (?:[^ |]+ ){0,2}numero",
    r"(?:deme|denme) de baja",
    # French
    (
        r"(?:m|me |nous )?(?:r?appel(?:ez|le|les|er)|telephon(?:ez|er)|contact(?:ez|er))"
        r" (?:[^ |]+ )?(?:plus|pas|jamais)"
    ),
    r"(?:plus|pas|jamais) (?:m|me |nous |d)?(?:r?appel(?:er|s)?|telephoner|contacter)",
    (
        r"n?(?:arrete|arretez|arreter|cesse|cessez|cesser|stop) (?:[^ |]+ ){0,3}"
        r"(?:m|d)?(?:appel|harcel|telephon|contact)\w*"
    ),
    (
        r"(?:retirez|supprimez|enlevez|effacez|rayez|retirer|supprimer) (?:[^ |]+ ){0,3}"
        r"(?:moi|numero|nom|liste)"
    ),
    r"desinscri\w+",
    # German
    (
        r"(?:nicht|nie|niemals|keine|kein) (?:[^ |]+ ){0,3}"
        r"(?:anrufen|anrufe|anruf|anzurufen|angerufen werden|kontaktieren|belastigen)"
    ),
    r"(?:ruf|rufe|rufen|ruft) (?:[^ |]+ ){0,3}(?:nicht|nie|niemals)",
    r"hor\w* (?:[^ |]+ ){0,2}auf (?:[^ |]+ ){0,3}(?:anzurufen|anrufen|anrufe)",
    r"(?:streich|losch|entfern|nehm|nimm)\w* (?:[^ |]+ ){0,3}(?:mich|uns|nummer|liste)",
    # Hindi, in both scripts
    rf"{_LATIN_CALL} (?:[^ |]+ )?(?:mat|na|nahi|nahin|band|bandh) (?:kar|kij|chah|kr)\w*",
    rf"(?:mat|band|bandh) (?:kar\w*|kij\w*|kro) (?:[^ |]+ ){{0,2}}{_LATIN_CALL}",
    rf"{_HINDI} (?:[^ |]+ )?(?:\u092e\u0924|\u092c\u0902\u0926)",
    (
        rf"{_HINDI} (?:[^ |]+ )?(?:\u0928|\u0928\u093e|\u0928\u0939\u0940\u0902)"
        r" (?:\u0915\u0930|\u0915\u0940\u091c|\u091a\u093e\u0939)[^ |]*"
    ),
    rf"(?:\u092e\u0924|\u092c\u0902\u0926) (?:[^ |]+ ){{0,2}}{_HINDI}",
)
PATTERNS = re.compile(rf"(?<= )(?:{'|'.join(_EACH)})(?= )")
WHOLE = re.compile(r"^(?:please )?(?:stop|stop it|opt out|unsubscribe)(?: please| now)?(?: \|)?$")
"""Alone in a turn it means that; in a sentence it may mean anything."""
PAST = re.compile(
    r"(?<= )(?:(?:why |how come )?"
    rf"(?:(?:did|have|has|had) (?:{_WHO} )?not|didnt|havent|hasnt|hadnt)"
    rf" (?:{_WHO} )?(?:even |ever |really |actually |just )?(?:{_PHONE}|called|phoned|contacted)"
    rf"|(?:why|how come) (?:do |would |could |can )?(?:{_WHO} )?(?:not|dont|never) (?:{_WHO} )?"
    rf"(?:just |ever |even )?(?:{_PHONE}|called)"
    r"|warum (?:rufen|ruft|rufst|riefen) (?:[^ |]+ ){1,3}nicht"
    r"|pourquoi (?:[^ |]+ ){0,3}(?:m|me )?r?appel\w+ (?:vous |tu )?pas)(?= )"
)
"""Asks or tells of a call that was not made, which is no wish."""
