"""A TCP proxy that breaks on purpose: before the provider, the broker or the database of a test.

It knows nothing of what passes through. A fault holds for all connections or, by seeded dice, for
a share of them, those that live and those to come, until `heal`. What a half-open connection has
swallowed is lost, so such a connection stays dead after the healing, as behind a router that forgot
it: only its two ends can end it.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.support.processes import free_port

T = TypeVar("T")
_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)  # linger for no time: close() sends RST


class Kind(StrEnum):
    """What the proxy can do to a connection."""

    LATENCY = "latency"  # each piece, in both directions, is late by `seconds` and up to `jitter`
    CUT = "cut"  # living connections end in order (FIN)
    RESET = "reset"  # living connections break (RST)
    REFUSE = "refuse"  # nobody listens; living connections go on
    HALF_OPEN = "half-open"  # taken and swallowed, in both directions: the peer hangs
    THROTTLE = "throttle"  # `rate` bytes a second in each direction
    LIMITED = "limited"  # `amount` bytes of the answers pass, then FIN: the lost answer
    DOWN = "down"  # refused, and what lives breaks


AT_ONCE = frozenset({Kind.CUT, Kind.RESET})
"""These are over when they have struck; new connections are whole."""
_SHUT = frozenset({Kind.REFUSE, Kind.DOWN})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to break. `share`: of the connections, each by the dice."""

    kind: Kind
    seconds: float = 0.0
    jitter: float = 0.0
    rate: int = 1024
    amount: int = 0
    share: float = 1.0


@dataclass(eq=False)
class _Link:
    """One client, and the server behind it once it is reached."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    fault: Fault | None = None
    left: int = 0
    dead: bool = False
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def end(self, *, broken: bool) -> None:
        for writer in filter(None, (self.client, self.server)):
            if broken:
                sock = writer.get_extra_info("socket")
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()
            else:
                writer.close()
        for task in self.tasks:
            task.cancel()


class Proxy:
    """Listens on a free loopback port for as long as its block lasts.

    with Proxy(server.port, seed=1) as proxy:
        proxy.strike(Fault(kind=Kind.DOWN)); proxy.heal()
    """

    def __init__(self, target: int, *, seed: int = 0) -> None:
        self.port = free_port()
        self.counts: Counter[Kind] = Counter()
        self._target = target
        self._dice = random.Random(seed)
        self._fault: Fault | None = None
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def strike(self, fault: Fault) -> None:
        """Break, in place of what was broken before. It has begun when this returns."""
        self._do(self._strike(fault))

    def heal(self) -> None:
        """Whole again, but for what was half-open."""
        self._do(self._heal())

    @property
    def live(self) -> int:
        """How many connections there are, dead ones too."""
        return len(self._links)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        for _ in range(200):
            with suppress(OSError):
                self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
                return
            await asyncio.sleep(0.05)  # a connection of somebody's goes out from this port
        raise TimeoutError(f"the proxy's port {self.port} was taken meanwhile")

    async def _close(self) -> None:
        self._shut()
        for link in list(self._links):
            link.end(broken=True)
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _strike(self, fault: Fault) -> None:
        await self._heal()
        if fault.kind in _SHUT:
            self._shut()
            self.counts[fault.kind] += 1
        if fault.kind not in AT_ONCE and fault.kind not in _SHUT:
            self._fault = fault
        if fault.kind is not Kind.REFUSE:
            for link in list(self._links):
                self._hit(link, fault)

    async def _heal(self) -> None:
        self._fault = None
        for link in self._links:
            link.fault = None
        if self._server is None:
            await self._listen()

    def _hit(self, link: _Link, fault: Fault) -> None:
        if link.dead or self._dice.random() >= fault.share:
            return
        self.counts[fault.kind] += 1
        match fault.kind:
            case Kind.CUT | Kind.RESET | Kind.DOWN:
                link.end(broken=fault.kind is not Kind.CUT)
            case Kind.HALF_OPEN:
                link.dead = True
            case _:
                link.fault, link.left = fault, fault.amount

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(client=writer)
        self._links.add(link)
        if self._fault is not None:
            self._hit(link, self._fault)
        try:
            await self._carry(link, reader, writer)
        except OSError:
            pass  # one of the ends is gone
        finally:
            link.end(broken=False)
            self._links.discard(link)

    async def _carry(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if link.dead:
            await self._pump(link, reader, writer, answers=False)
            return
        try:
            back, server = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            link.end(broken=True)  # what is behind us is not there
            return
        link.server = server
        link.tasks = {
            asyncio.create_task(self._pump(link, reader, server, answers=False)),
            asyncio.create_task(self._pump(link, back, writer, answers=True)),
        }
        await asyncio.gather(*link.tasks, return_exceptions=True)

    async def _pump(
        self,
        link: _Link,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        answers: bool,
    ) -> None:
        while data := await source.read(_CHUNK):
            fault = link.fault
            if link.dead:
                continue
            if fault is not None and fault.kind is Kind.LATENCY:
                await asyncio.sleep(fault.seconds + self._dice.uniform(0, fault.jitter))
            if fault is not None and fault.kind is Kind.THROTTLE:
                await self._drip(link, data, fault.rate, sink)
                continue
            if answers and fault is not None and fault.kind is Kind.LIMITED:
                data = data[: link.left]
                link.left -= len(data)
            if link.dead:
                continue
            sink.write(data)
            await sink.drain()
            limited = fault is not None and fault.kind is Kind.LIMITED and link.fault is fault
            if answers and limited and link.left <= 0:
                link.end(broken=False)
                return
        if not link.dead:
            with suppress(OSError):
                sink.write_eof()

    async def _drip(self, link: _Link, data: bytes, rate: int, sink: asyncio.StreamWriter) -> None:
        """A tenth of a second's worth at a time; all that is left once it is healed."""
        step = max(1, rate // 10)
        while data and not link.dead:
            if link.fault is None:
                step = len(data)
            sink.write(data[:step])
            await sink.drain()
            data = data[step:]
            if data:
                await asyncio.sleep(0.1)
