"""Which ids were met, one bit each: a list of a million costs a few hundred kilobytes."""

from __future__ import annotations


class Marks:
    """A growing set of small whole numbers."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> bool:
        """Remember it; False where it was there already."""
        place, bit = divmod(number, 8)
        if place >= len(self._bits):
            self._bits.extend(bytes(max(place + 1 - len(self._bits), len(self._bits))))
        new = not self._bits[place] & (1 << bit)
        self._bits[place] |= 1 << bit
        return new

    def __contains__(self, number: int) -> bool:
        place, bit = divmod(number, 8)
        return place < len(self._bits) and bool(self._bits[place] & (1 << bit))
