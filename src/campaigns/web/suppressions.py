"""/v1/suppressions: who is not to be called, in any campaign or in one of them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from campaigns.core.figures import Page
from campaigns.engine import control
from campaigns.errors import UnknownName
from campaigns.web.answers import refusal
from campaigns.web.api import WHO, Answer, Api, fits, texts
from campaigns.web.campaigns import PAGE, Limit
from campaigns.web.numbers import number_of

_PATH = "/v1/suppressions"


class Suppressions:
    """The routes of the do-not-call lists."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._parts = api.installation.parts

    def add_to(self, app: FastAPI) -> None:
        """Where programs find it."""
        self._api.route(app, "GET", _PATH, self.list_)
        self._api.route(app, "POST", _PATH, self.add)
        self._api.route(app, "DELETE", _PATH, self.remove)

    async def list_(
        self,
        request: Request,
        campaign: str | None = None,
        limit: Limit = PAGE,
        after: str | None = None,
    ) -> Response:
        """A page of the list of all campaigns, or of that of one `campaign`."""

        def page(reads: Any) -> Page[Any]:
            return reads.suppressions(  # type: ignore[no-any-return]
                campaign=_list(campaign), after=after, limit=limit
            )

        return await self._api.page(request, "suppressions", page)

    async def add(self, request: Request) -> Response:
        """Never call `to_number` again, from this moment on; `reason` is kept.

        With `campaign`: in that one alone.
        """
        try:
            said = texts(await self._api.document(request), "to_number", "reason", "campaign")
        except Exception as error:
            return refusal(request, error)

        def do() -> Answer:
            number, reason = number_of(said.get("to_number", ""), self._api), said.get("reason", "")
            added, dropped = control.suppress(
                [number],
                self._parts,
                who=WHO,
                reason=reason or "no reason given",
                source="http",
                campaign=_list(said.get("campaign")),
            )
            return 200, {"added": bool(added), "dropped": dropped}

        return await self._api.answered(request, do)

    async def remove(
        self, request: Request, to_number: str = "", campaign: str | None = None
    ) -> Response:
        """Take a number off the list of all, or of one `campaign`; dropped calls stay dropped."""

        def do() -> Answer:
            number, of = number_of(to_number, self._api), _list(campaign)
            if not control.unsuppress(number, self._parts, who=WHO, campaign=of):
                raise UnknownName("this number is not on that do-not-call list")
            return 200, {"removed": True}

        return await self._api.answered(request, do)


def _list(campaign: str | None) -> str | None:
    """The campaign whose list is meant; None: that of all."""
    return None if campaign is None else fits(campaign)
