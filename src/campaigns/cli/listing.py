"""A list that may be long: one page, or everything page after page, without holding it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from campaigns.core.figures import Page

T = TypeVar("T")
BATCH = 1_000


class Listing(Generic[T]):
    """Iterate it once; `next` is known afterwards. `fetch(after, limit)` reads one page."""

    def __init__(
        self, fetch: Callable[[str | None, int], Page[T]], *, limit: int, after: str | None
    ) -> None:
        self._fetch = fetch
        self._limit = limit
        self._after = after
        self.next: str | None = None

    def __iter__(self) -> Iterator[T]:
        if self._limit:
            page = self._fetch(self._after, self._limit)
            self.next = page.next
            yield from page.items
            return
        after = self._after
        while True:
            page = self._fetch(after, BATCH)
            yield from page.items
            if page.next is None:
                return
            after = page.next
