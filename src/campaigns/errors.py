"""Every error this project raises, as one tree.

    CampaignsError                    what happened, where, and what to do about it
    ├── InputError          exit 1    the person's input is wrong; nothing was changed
    │   ├── DefinitionError           faults in a campaign file, all at once (`faults`)
    │   ├── ConfigurationError        faults in the environment, all at once
    │   ├── UnknownName               no campaign, contact, call or account of that name
    │   └── Conflict                  the state of things forbids it (cancelled, other file …)
    ├── WorldError          exit 3    the outside world failed; nothing was lost
    │   ├── DatabaseAway
    │   ├── BrokerAway
    │   └── ProviderAway
    └── EngineFault         exit 3    a promise of ours was about to be broken; we stopped instead

A door prints `str(error)` on one line; a traceback is shown only with `--debug`.
Texts never hold a whole phone number, a key, a token or a contact's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong with an input.

    `at` is where: `file:line`, an environment name, or ``""``; `key` is the dotted key or the
    column; the sentence is `expected`, `got` and a `hint` that says what to do. `quotes`: `got`
    has words of a list's first line, in which a person may stand where it has no header.
    """

    at: str
    key: str = ""
    expected: str
    got: str = ""
    hint: str = ""
    quotes: bool = False

    def __str__(self) -> str:
        where = f"{self.at}: " if self.at else ""
        key = f"{self.key}: " if self.key else ""
        got = f", got {self.got}" if self.got else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{key}expected {self.expected}{got}{hint}"


class CampaignsError(Exception):
    """The root: a sentence for a person. `exit_code` is what a shell sees."""

    exit_code = 3


class InputError(CampaignsError):
    """The input is wrong; nothing was changed."""

    exit_code = 1


class DefinitionError(InputError):
    """A campaign file with faults; carries every one of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ConfigurationError(InputError):
    """The environment is wrong; carries every fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class UnknownName(InputError):
    """Nothing of that name exists here."""


class Conflict(InputError):
    """It exists, but its state forbids what was asked."""


class WorldError(CampaignsError):
    """Something outside failed; what was stored before stays stored."""


class DatabaseAway(WorldError):
    """The database does not answer, or its schema is not ours."""


class BrokerAway(WorldError):
    """The broker does not answer."""


class ProviderAway(WorldError):
    """The voice provider does not answer a look-up."""


class EngineFault(CampaignsError):
    """A guard inside the engine tripped; stopping was the safe thing."""
