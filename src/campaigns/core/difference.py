"""What a list would change in the book, counted and line by line, and whether it may."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from campaigns.core.reconcile import Effect


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One contact that a list would change. `line`, `key`: of its row; a withdrawn one has none.

    `was`, `becomes`: its own time, where that is what changes.
    """

    effect: Effect
    line: int | None = None
    key: str | None = field(default=None, repr=False)
    contact_id: int | None = None
    was: datetime | None = None
    becomes: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A list against the book, counted. `ours`: contacts of the book that came from this list.

    `finished`: contacts of the list that will not be called again; they are among the others too.
    `past`: contacts that moved to a time that is over.
    """

    lines: int = 0
    ours: int = 0
    added: int = 0
    moved: int = 0
    changed: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    held: int = 0
    rejected: int = 0
    duplicate: int = 0
    filtered: int = 0
    finished: int = 0
    past: int = 0

    @property
    def nothing(self) -> bool:
        """Whether no contact is touched."""
        return not (self.added or self.moved or self.changed or self.withdrawn or self.held)


_MEANT = "where that is meant, submit it with --allow-withdraw"
FEW = 5
"""Rows that a guard lets go whatever the share: a short list loses a fifth with one visit."""


def refused(
    found: Difference, *, max_withdrawn: float, max_rejected: float, allow_withdraw: bool
) -> str | None:
    """Why this list must not change the book; None: it may. Shares are of one."""
    if found.lines == 0 and found.ours and not allow_withdraw:
        return (
            f"the list has a header and no rows, and the book has {found.ours:,} contacts of it;"
            f" {_MEANT}"
        )
    if found.rejected > FEW and found.rejected > max_rejected * found.lines:
        return (
            f"{found.rejected:,} of {found.lines:,} rows cannot be read,"
            f" more than max_rejected ({max_rejected:.0%}); mend the list, or raise max_rejected"
        )
    far_fewer = found.withdrawn > FEW and found.withdrawn > max_withdrawn * found.ours
    if far_fewer and not allow_withdraw:
        return (
            f"{found.withdrawn:,} of {found.ours:,} contacts are no longer on the list,"
            f" more than max_withdrawn ({max_withdrawn:.0%}); {_MEANT}"
        )
    return None


def unfit(
    *,
    lines: int,
    rejected: int,
    duplicate: int,
    filtered: int,
    max_rejected: float,
    awaited: bool,
) -> str | None:
    """Why a first list as a whole cannot be right; None: it may be. Shares are of one.

    A row that repeats another is right in itself. `awaited`: its people come one at a time.
    """
    if not lines:
        return None if awaited else "the list has no rows"
    if rejected + duplicate == lines - filtered and rejected + duplicate:
        return "not one row can be called"
    if rejected > FEW and rejected > max_rejected * lines:
        return (
            f"{rejected:,} of {lines:,} rows are bad, more than {max_rejected:.0%}"
            f" (max_rejected) and more than {FEW} rows: mend the list, or raise max_rejected"
        )
    return None
