"""How far this process has seen the database come, and where else that is written down."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from campaigns.ports import Witness


class Watch:
    """The highest mark of this process. A lower one in the database means that it went back.

    Take `seen` before the transaction that reads the mark: then a commit of another thread in
    between makes the mark read higher, never lower.
    """

    def __init__(self, witnesses: Sequence[Witness] = ()) -> None:
        self._witnesses = tuple(witnesses)
        self._lock = threading.Lock()
        self._seen = 0

    @property
    def seen(self) -> int:
        """The highest mark known to be committed."""
        return self._seen

    def ask(self, born: str) -> None:
        """Hear what was written down by other processes, and by earlier ones."""
        for witness in self._witnesses:
            self.saw(witness.read(born))

    def saw(self, mark: int) -> None:
        """A committed mark."""
        with self._lock:
            self._seen = max(self._seen, mark)

    def tell(self, born: str | None, mark: int) -> None:
        """A committed mark, to be written down outside as well."""
        self.saw(mark)
        if born is not None:
            for witness in self._witnesses:
                witness.write(born, mark)
