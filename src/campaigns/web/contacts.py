"""/v1/campaigns/{name}/contacts: who is in a campaign, and one of them at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from campaigns.core import spoken
from campaigns.core.figures import Page
from campaigns.core.lifecycle import Outcome, TaskState
from campaigns.engine.explain import explain
from campaigns.engine.people import One, tell
from campaigns.engine.standing import Person, person
from campaigns.errors import DefinitionError, Fault
from campaigns.files.json_tree import JsonDocument
from campaigns.web.answers import plain, refusal
from campaigns.web.api import WHO, Answer, Api, fits
from campaigns.web.campaigns import PAGE, Limit

_KEYS = ("row", "updated_at")


class Contacts:
    """The routes of a campaign's contacts."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._parts = api.installation.parts

    def add_to(self, app: FastAPI) -> None:
        """Where programs find them; a key may have slashes."""
        all_ = "/v1/campaigns/{name}/contacts"
        one = all_ + "/{key:path}"
        self._api.route(app, "GET", all_, self.list_)
        self._api.route(app, "GET", one + "/explain", self.explain)  # before what would take it
        self._api.route(app, "GET", one, self.show)
        self._api.route(app, "PUT", one, self.put)
        self._api.route(app, "DELETE", one, self.delete)

    async def list_(
        self,
        request: Request,
        name: str,
        *,
        state: Annotated[list[TaskState] | None, Query()] = None,
        outcome: Annotated[list[Outcome] | None, Query()] = None,
        rejected: bool = False,
        limit: Limit = PAGE,
        after: str | None = None,
    ) -> Response:
        """A page of contacts with their touches; `rejected`: of the rows that became none."""

        def page(reads: Any) -> Page[Any]:
            if rejected:
                return reads.rejected(fits(name), after=after, limit=limit)  # type: ignore[no-any-return]
            return reads.contacts(  # type: ignore[no-any-return]
                fits(name), states=state or (), outcomes=outcome or (), after=after, limit=limit
            )

        return await self._api.page(request, "rows" if rejected else "contacts", page)

    async def show(self, request: Request, name: str, key: str) -> Response:
        """One contact: its row, its touches, when it is called next, or why it is not."""

        def look() -> Answer:
            return 200, _shown(person(fits(name), fits(key), self._parts))

        return await self._api.answered(request, look)

    async def explain(self, request: Request, name: str, key: str) -> Response:
        """Why it was, was not, or is not yet called: every rule with what it looked at, and when
        a call could go.
        """

        def look() -> Answer:
            return 200, plain(explain(fits(name), fits(key), self._parts))

        return await self._api.answered(request, look)

    async def put(self, request: Request, name: str, key: str) -> Response:
        """One contact as it is from now on: `row` has all its columns.

        `updated_at`: as of when this is known; what is older than what was told before is 409.
        """
        try:
            content = await self._api.document(request)
            row, updated_at = _told(content)
        except Exception as error:
            return refusal(request, error)

        def do() -> Answer:
            one = One(campaign=fits(name), key=fits(key), row=row, updated_at=updated_at)
            return 200, plain(tell(one, self._parts, who=WHO))

        return await self._api.answered(
            request, lambda: self._api.replayed(request, content.digest, do)
        )

    async def delete(
        self, request: Request, name: str, key: str, updated_at: str | None = None
    ) -> Response:
        """Call this contact no more. A live call goes on and keeps its outcome."""

        def do() -> Answer:
            at = None if updated_at is None else _instant(updated_at)
            one = One(campaign=fits(name), key=fits(key), updated_at=at)
            return 200, plain(tell(one, self._parts, who=WHO))

        return await self._api.answered(request, do)


def _told(document: JsonDocument) -> tuple[Mapping[str, str], datetime | None]:
    """The row and its time. Raises DefinitionError with every fault."""
    tree = document.tree
    faults = [
        Fault(at=document.at((key,)), key=key[:60], expected=f"one of {', '.join(_KEYS)}")
        for key in tree
        if key not in _KEYS
    ]
    row = tree.get("row")
    if not isinstance(row, Mapping):
        hint = 'send {"row": {"to_number": "+16175550123"}}'
        faults.append(Fault(at="/row", key="row", expected="its columns and values", hint=hint))
        row = {}
    faults += [
        Fault(at=document.at(("row", column)), key=column[:60], expected="a text")
        for column, cell in row.items()
        if not isinstance(cell, str)
    ]
    if faults:
        raise DefinitionError(faults)
    said = tree.get("updated_at", "")
    return row, _instant(said) if said else None


def _instant(said: object) -> datetime:
    try:
        return spoken.read(str(said)).instant(None).astimezone(UTC)
    except (spoken.Unreadable, OverflowError):
        expected = "an instant with its zone such as 2026-03-09T09:00:00Z"
        raise DefinitionError(
            [Fault(at="/updated_at", key="updated_at", expected=expected)]
        ) from None


def _shown(one: Person) -> dict[str, Any]:
    """Its row and touches, and what follows."""
    said = plain(one)
    follows = said.pop("told")
    del follows["effect"]
    for task in said["tasks"]:
        for inner in ("id", "occasion", "expires_as"):
            del task[inner]
    return {**said, **follows}
