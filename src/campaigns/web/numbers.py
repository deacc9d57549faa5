"""/v1/numbers: everything about one number, in all campaigns."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from campaigns.core import numbers
from campaigns.core.numbers import NumberFault
from campaigns.errors import InputError
from campaigns.web.answers import plain
from campaigns.web.api import Answer, Api


class Numbers:
    """The route of one number."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def add_to(self, app: FastAPI) -> None:
        """Where programs find it."""
        self._api.route(app, "GET", "/v1/numbers/{e164}", self.show)

    async def show(self, request: Request, e164: str) -> Response:
        """Every call to it, its caps, whether it may be called, and what comes next and why."""

        def look() -> Answer:
            number = number_of(e164, self._api)
            return 200, plain(self._api.look(lambda reads: reads.whom(number)))

        return await self._api.answered(request, look)


def number_of(text: str, api: Api) -> str:
    """A number in E.164. Raises InputError."""
    found = numbers.parse(text, api.installation.settings.region)
    if isinstance(found, NumberFault):
        raise InputError(f"to_number: {found.reason}")
    return found.e164
