"""Which column of a list holds what: the number, the key, the zone, per-contact settings.

Whatever is left over is spare: that is what `context: all` sends, and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from campaigns.core.cells import folded
from campaigns.core.definition import Contacts, SameNumber
from campaigns.errors import DefinitionError, Fault

NUMBER_NAMES = (
    *("to_number", "phone", "phone_number", "mobile", "mobile_number", "mobile_phone", "number"),
    *("telephone", "telephone_number", "tel", "cell", "cell_number", "cell_phone", "msisdn"),
    *("phone_no", "contact_number", "e164"),
)
"""Names under which lists usually keep the number."""
SETTING_NAMES = (
    *("agent_id", "from_number", "max_duration", "recording", "scheduled_at", "timezone", "key"),
)
"""Columns that set something for one contact; they are not told to the agent by `context: all`."""
# A list without a header has a person in its first line.
_NUMBER_IN_HEADER = re.compile(r"(?:[0-9][\s().-]*){7}")
_NEAR = 0.7
"""How much of two words must agree before one is taken for a slip of the other."""
_HIDDEN = re.compile(r"[0-9](?=(?:[\s().-]*[0-9]){4})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The header, understood."""

    number: str
    key: str | None
    timezone: str | None
    state: str | None
    consent: str | None
    settings: Mapping[str, str]  # setting → column
    spare: tuple[str, ...]


def understand(contacts: Contacts, header: Sequence[str], *, consent: str | None = None) -> Columns:
    """Find every column the campaign needs. All faults at once. `consent`: that of its consent."""
    faults = [
        Fault(
            at="",
            key="contacts",
            expected="every column once",
            got=f"two columns named {listed([name])}",
            hint="rename one of them",
            quotes=True,
        )
        for name, times in Counter(header).items()
        if name and times > 1
    ]
    number = _number(contacts.to_number, header, faults)
    settings: dict[str, str] = {}
    for setting in SETTING_NAMES:
        column = _setting(setting, header, faults)
        if column is not None:
            settings[setting] = column
    key = _named("contacts.key", contacts.key, header, faults) or settings.get("key")
    zone = _named("contacts.timezone", contacts.timezone, header, faults) or settings.get(
        "timezone"
    )
    state = _named("contacts.state", contacts.state, header, faults)
    agreed = _named("consent.column", consent, header, faults)
    if contacts.same_number is SameNumber.GROUP and key is None:
        faults.append(
            Fault(
                at="",
                key="contacts.same_number",
                expected="a key where rows with one number are one call: it tells them apart",
                got="none",
                hint="name its column: `key: COLUMN` under contacts",
            )
        )
    if faults:
        raise DefinitionError(faults)
    taken = {number, key, zone, state, agreed, *settings.values(), ""}
    return Columns(
        number=number,
        key=key,
        timezone=zone,
        state=state,
        consent=agreed,
        settings=settings,
        spare=tuple(name for name in header if name not in taken),
    )


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    by_folded = {folded(one): one for one in known}
    if folded(name) in by_folded:
        return by_folded[folded(name)]
    found = get_close_matches(folded(name), by_folded, n=1, cutoff=_NEAR)
    return by_folded[found[0]] if found else None


def no_column(key: str, name: str, header: Sequence[str]) -> Fault:
    """The fault for a column that the list does not have."""
    meant = near(name, header)
    return Fault(
        at="",
        key=key,
        expected="a column of the list",
        got=name,
        hint=f"did you mean {listed([meant])}?" if meant else f"the columns are {listed(header)}",
    )


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names for a sentence, cut where there are many; a number among them shows its last four."""
    shown = ", ".join(_HIDDEN.sub("•", name[:40]) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _named(key: str, name: str | None, header: Sequence[str], faults: list[Fault]) -> str | None:
    if name is None or name in header:
        return name
    faults.append(no_column(key, name, header))
    return None


def _number(named: str | None, header: Sequence[str], faults: list[Fault]) -> str:
    if named is not None:
        return _named("contacts.to_number", named, header, faults) or ""
    usual = {folded(name) for name in NUMBER_NAMES}
    found = [name for name in header if folded(name) in usual]
    if len(found) == 1:
        return found[0]
    hint = "name it: `to_number: COLUMN` under contacts"
    if any(_NUMBER_IN_HEADER.search(name) for name in header):
        hint = "the first line looks like a contact: put a line of column names before it"
    faults.append(
        Fault(
            at="",
            key="contacts.to_number",
            expected="one column with the number to call",
            got=listed(found) if found else f"none among {listed(header)}",
            hint=hint,
            quotes=True,
        )
    )
    return ""


def _setting(name: str, header: Sequence[str], faults: list[Fault]) -> str | None:
    found = [column for column in header if folded(column) == folded(name)]
    if len(found) > 1:
        faults.append(
            Fault(
                at="",
                key=name,
                expected="one column of this name",
                got=listed(found),
                hint="rename or remove one of them",
                quotes=True,
            )
        )
    return found[0] if found else None
