"""/v1: what a program may ask and tell. Every route reads, calls the engine, and answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaigns.bootstrap import Installation
from campaigns.core.figures import Page
from campaigns.engine.requests import once
from campaigns.errors import InputError, UnknownName
from campaigns.files import json_tree, yaml_tree
from campaigns.files.json_tree import JsonDocument
from campaigns.files.yaml_tree import Document
from campaigns.store.reads import Reads
from campaigns.web.answers import listed, refusal
from campaigns.web.body import BadBody, read_body
from campaigns.web.hands import Hands
from campaigns.web.limits import Limits

T = TypeVar("T")
Answer = tuple[int, Any]
Handed = JsonDocument | Document
WHO = "http"
"""Who did it, in the audit."""
_YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
_LONGEST_KEY = 200
BODY = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
"""What OpenAPI says of a route that reads one JSON object."""


class Api:
    """What every route of /v1 shares."""

    def __init__(self, installation: Installation, limits: Limits) -> None:
        self.installation = installation
        self._limits = limits
        self._hands = Hands()

    def route(self, app: FastAPI, method: str, path: str, answer: Callable[..., Any]) -> None:
        """Add a route; its docstring is what OpenAPI says of it."""
        reads_body = method in ("PUT", "POST")
        app.add_api_route(
            path,
            answer,
            methods=[method],
            response_model=None,
            openapi_extra=BODY if reads_body else None,
            tags=["v1"],
        )

    async def answered(self, request: Request, do: Callable[[], Answer]) -> Response:
        """What the engine answers, or the problem."""
        try:
            status, body = await self._hands.do(do)
        except Exception as error:
            return refusal(request, error)
        return JSONResponse(body, status)

    def look(self, ask: Callable[[Reads], T]) -> T:
        """One question in a transaction of its own."""
        with self.installation.database.read() as tx:
            return ask(Reads(tx))

    async def page(
        self, request: Request, name: str, fetch: Callable[[Reads], Page[Any]]
    ) -> Response:
        """One page of a long list."""
        return await self.answered(request, lambda: (200, listed(name, self.look(fetch))))

    async def body(self, request: Request) -> bytes:
        """What was sent. Raises BadBody."""
        limits = self._limits
        return await read_body(request, at_most=limits.api_bytes, within=limits.api_seconds)

    async def document(self, request: Request) -> JsonDocument:
        """The JSON object that was sent; none is an empty one. Raises BadBody, DefinitionError."""
        content = await self.body(request)
        if content and not _kind(request).endswith("json"):
            raise BadBody(415, "content_type")
        return await self._hands.do(lambda: json_tree.read(content or b"{}", "body"))

    async def campaign(self, request: Request) -> tuple[bytes, Handed]:
        """A campaign file as it was sent, JSON or YAML. Raises BadBody, DefinitionError."""
        content, kind = await self.body(request), _kind(request)
        if kind in _YAML:
            return content, await self._hands.do(lambda: yaml_tree.of_bytes(content, "body"))
        if not kind.endswith("json"):
            raise BadBody(415, "content_type")
        return content, await self._hands.do(lambda: json_tree.read(content, "body"))

    def replayed(self, request: Request, content: bytes, do: Callable[[], Answer]) -> Answer:
        """Once for every Idempotency-Key, and each time without one."""
        said = request.headers.getlist("idempotency-key")
        if not said:
            return do()
        if len(said) > 1 or not 0 < len(said[0]) <= _LONGEST_KEY:
            raise InputError(f"Idempotency-Key takes one text of at most {_LONGEST_KEY} characters")
        route = f"{request.method} {request.url.path}"
        sent = f"{request.url.query}\n{_kind(request)}\n".encode() + content
        return once(
            hashlib.sha256(f"{route}\n{said[0]}".encode()).hexdigest(),
            hashlib.sha256(sent).hexdigest(),
            do,
            self.installation.parts,
        )


def texts(document: JsonDocument, *known: str) -> dict[str, str]:
    """The values of an object that has these keys at most, each a text. Raises InputError."""
    for key, value in document.tree.items():
        if key not in known:
            raise InputError(f"unknown here: {key[:60]!r}; known: {', '.join(known) or 'nothing'}")
        if not isinstance(value, str):
            raise InputError(f"{key} takes a text")
    return dict(document.tree)


def fits(text: str) -> str:
    """A name or key of a path. Raises UnknownName where nothing can be called so."""
    if not text or len(text) > _LONGEST_KEY or not text.isprintable():
        raise UnknownName("nothing of that name exists here")
    return text


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
