"""Putting a reply onto the socket, also in the ways no web framework offers.

A lost answer is a socket closed without a byte; a dripping one comes byte by byte. The connection
is handed to the application through the ASGI scope's `state`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from campaigns.simulator.messages import Reply, Wire

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_CONNECTION = "connection"


class OpenProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which lets the application see its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, _CONNECTION: self}
        super().connection_made(transport)


class ConnectionDropped(ConnectionError):
    """A reply that only a socket can carry, asked for without one."""


def _connection(scope: Message) -> OpenProtocol | None:
    found: OpenProtocol | None = scope.get("state", {}).get(_CONNECTION)
    return found


async def body_of(scope: Message, receive: Receive) -> bytes | None:
    """The whole body; None when the client left before it was complete."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            connection = _connection(scope)
            if connection is None or connection.cycle.more_body:
                return None
            # It had all arrived when the client left: a provider would act on it.
            return body + bytes(connection.cycle.body)
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


async def stays(receive: Receive, seconds: float) -> bool:
    """Wait; False as soon as the client has left."""
    if seconds <= 0:
        return True
    try:
        while (await asyncio.wait_for(receive(), seconds))["type"] != "http.disconnect":
            continue
    except TimeoutError:
        return True
    return False


async def put(reply: Reply, scope: Message, receive: Receive, send: Send) -> bool:
    """Send a reply in its way; False when the client left before it was complete."""
    if reply.wire is Wire.WHOLE:
        if not await stays(receive, reply.seconds):
            return False
        headers = [(k.encode(), v.encode()) for k, v in reply.all_headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})
        return True
    connection = _connection(scope)
    if connection is None:
        raise ConnectionDropped(f"this reply is to {reply.wire}: it needs a real connection")
    transport, stayed = connection.transport, True
    match reply.wire:
        case Wire.RESET:
            # Without lingering, closing sends RST.
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            transport.abort()
        case Wire.CUT:
            transport.write(_head(reply) + reply.body[: len(reply.body) // 2])
        case Wire.DRIP:
            stayed = await _drip(reply, transport, receive)
        case _:
            pass
    transport.close()
    # Until the loop has noticed, uvicorn would still answer for us.
    await stays(receive, 1)
    return stayed


async def _drip(reply: Reply, transport: asyncio.Transport, receive: Receive) -> bool:
    head = _head(reply)
    for index in range(len(head)):
        if not await stays(receive, reply.seconds / len(head)):
            return False
        transport.write(head[index : index + 1])
    transport.write(reply.body)
    return True


def _head(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.all_headers.items()]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode()
