"""What one cell of a contact list says: cleaned text, yes or no, seconds.

Cells come from spreadsheets, forms and exports. What cannot be seen is removed before anything
is read, compared or told to an agent.
"""

from __future__ import annotations

import re
import unicodedata

_YES = frozenset({"yes", "y", "true", "t", "1", "on"})
_NO = frozenset({"no", "n", "false", "f", "0", "off"})
# Joiners shape letters in Persian, Hindi and many emoji; other format characters only hide.
_JOINERS = frozenset("\u200c\u200d")
_SHORT_NAME = re.compile(r"[\s_-]+")


def clean(text: str) -> str:
    """The text without control characters, line breaks and outer spaces."""
    if text.isprintable():
        return text.strip()
    return " ".join("".join(map(_visible, text)).split())


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category[0] == "Z" or char.isspace():
        return " "
    if category in {"Cc", "Cs", "Co"} or (category == "Cf" and char not in _JOINERS):
        return ""
    return char


def yes_or_no(text: str) -> bool | None:
    """The answer in a cell, None where it is neither."""
    word = text.strip().lower()
    if word in _YES:
        return True
    return False if word in _NO else None


def folded(name: str) -> str:
    """A column name as people mean it: `Phone Number`, `phone_number` and `PhoneNumber` agree."""
    return _SHORT_NAME.sub("", name).casefold()
