"""/v1/campaigns: hand one in as its file says it, look at them, pause, resume, cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query
from starlette.requests import Request
from starlette.responses import Response

from campaigns.core.difference import Difference, Line, unfit
from campaigns.core.figures import Page
from campaigns.core.forecast import told
from campaigns.core.lifecycle import CampaignState
from campaigns.core.outlook import zone_of
from campaigns.core.reconcile import Effect as Change
from campaigns.engine import control
from campaigns.engine.approval import approve
from campaigns.engine.submit import HTTP, Effect, forbidden, foresee, known, submit
from campaigns.errors import Conflict, DefinitionError, Fault, InputError
from campaigns.files import campaign_file
from campaigns.loading import Loaded, of_source, outlook_of
from campaigns.web.answers import plain, refusal
from campaigns.web.answers import told as faults_told
from campaigns.web.api import WHO, Answer, Api, Handed, fits, texts

PAGE, MOST = 50, 1_000
Limit = Annotated[int, Query(ge=1, le=MOST)]


class Campaigns:
    """The routes of campaigns."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._parts = api.installation.parts

    def add_to(self, app: FastAPI) -> None:
        """Where programs find them."""
        one = "/v1/campaigns/{name}"
        self._api.route(app, "GET", "/v1/campaigns", self.list_)
        self._api.route(app, "PUT", one, self.put)
        self._api.route(app, "GET", one, self.show)
        for verb, answer in (("pause", self.pause), ("resume", self.resume)):
            self._api.route(app, "POST", f"{one}/{verb}", answer)
        self._api.route(app, "GET", f"{one}/plan", self.plan)
        self._api.route(app, "POST", f"{one}/cancel", self.cancel)
        self._api.route(app, "POST", f"{one}/approve", self.approve)
        self._api.route(app, "POST", "/v1/pause", self.pause_all)
        self._api.route(app, "POST", "/v1/resume", self.resume_all)

    async def list_(
        self, request: Request, limit: Limit = PAGE, after: str | None = None
    ) -> Response:
        """Every campaign, the newest first, each with why its dial tasks wait."""

        def page(reads: Any) -> Page[Any]:
            since = None if after is None else _number(after)
            found = [one for one in reads.campaigns() if since is None or one.id < since]
            more = str(found[limit - 1].id) if len(found) > limit else None
            return Page(items=tuple(map(reads.with_waiting, found[:limit])), next=more)

        return await self._api.page(request, "campaigns", page)

    async def show(self, request: Request, name: str) -> Response:
        """Everything about one campaign."""

        def look() -> Answer:
            found = self._api.look(lambda reads: reads.campaign_figures(fits(name)))
            return 200, plain(found)

        return await self._api.answered(request, look)

    async def plan(self, request: Request, name: str) -> Response:
        """What the campaign will do from now on: calls per hour, its end, who misses out."""

        def look() -> Answer:
            found, zone = self._api.look(lambda reads: reads.forecast_of(fits(name)))
            return 200, plain({"campaign": name, "forecast": told(found, zone)})

        return await self._api.answered(request, look)

    async def put(
        self,
        request: Request,
        name: str,
        *,
        dry_run: bool = False,
        allow_withdraw: bool = False,
        take_over: bool = False,
        start: Literal["running", "paused"] = "running",
    ) -> Response:
        """Store a campaign and let it run, or bring a known one to what is said now.

        The body is the campaign file's tree as JSON, or the file itself as YAML. `dry_run`: what
        would change. `Idempotency-Key`: sent again, it has the same answer.
        """
        try:
            content, handed = await self._api.campaign(request)
        except Exception as error:
            return refusal(request, error)

        def do() -> Answer:
            loaded = self._read(handed, name)
            if dry_run:
                return self._plan(loaded, allow_withdraw=allow_withdraw, take_over=take_over)
            return self._submit(
                loaded,
                allow_withdraw=allow_withdraw,
                take_over=take_over,
                paused=start == "paused",
            )

        return await self._api.answered(request, lambda: self._api.replayed(request, content, do))

    def _read(self, handed: Handed, name: str) -> Loaded:
        said = handed.tree.get("name", name)
        if said != name:
            at = handed.at(("name",))
            fault = Fault(at=at, key="name", expected="the name in the path", got="another")
            raise DefinitionError([fault])
        named = replace(handed, tree={**handed.tree, "name": name})
        return of_source(campaign_file.of_document(named, files=False))

    def _plan(self, loaded: Loaded, *, allow_withdraw: bool, take_over: bool) -> Answer:
        submission = replace(loaded.submission(), origin=HTTP)
        row = known(loaded.name, self._parts.store)
        if row is not None and row.state is CampaignState.CANCELLED:
            raise Conflict(f"{row.name} was cancelled: use another name")
        added: set[int] = set()

        def tell(line: Line) -> None:
            if line.effect is Change.ADDED and line.line is not None:
                added.add(line.line)

        found = foresee(submission, self._parts, tell)
        why = _unfit(loaded, found)
        if row is not None:
            why = forbidden(
                submission,
                found,
                self._parts,
                allow_withdraw=allow_withdraw,
                take_over=take_over,
            )
        same = row is not None and row.digest == loaded.source.digest
        effect = Effect.CREATED if row is None else Effect.UNCHANGED if same else Effect.CHANGED
        outlook = outlook_of(loaded, self._parts.store.policy_now().policy, added)
        stored = row if row is not None and row.state is not CampaignState.LOADING else None
        said = self._api.look(lambda reads: reads.forecast(loaded.definition, outlook, stored))
        forecast = plain(told(said, zone_of(loaded.definition)))
        return 200, {**_counts(loaded, effect, found), "refused": why, "forecast": forecast}

    def _submit(
        self, loaded: Loaded, *, allow_withdraw: bool, take_over: bool, paused: bool
    ) -> Answer:
        submission = replace(loaded.submission(), origin=HTTP)
        row = known(loaded.name, self._parts.store)
        found = None
        if row is None:
            # Nobody is asked here: what a person would be shown as odd is refused.
            found = foresee(submission, self._parts)
            why = _unfit(loaded, found)
            if why is not None:
                raise Conflict(f"{loaded.name}: nothing was stored: {why}")
        done = submit(
            submission,
            self._parts,
            who=WHO,
            paused=paused,
            allow_withdraw=allow_withdraw,
            take_over=take_over,
            looked=True,
        )
        if done.effect is Effect.UNCHANGED:
            lines = sum(1 for _ in submission.entries)
            found = Difference(lines=lines, unchanged=lines)
        elif done.difference is not None or found is None:
            found = done.difference or foresee(submission, self._parts)
        status = 201 if done.effect is Effect.CREATED else 200
        return status, _counts(loaded, done.effect, found)

    async def pause(self, request: Request, name: str) -> Response:
        """Stop one campaign before its next call; `reason` is kept."""

        def decide(said: Mapping[str, str]) -> Answer:
            reason = said.get("reason", "no reason given")
            control.pause(fits(name), self._parts, who=WHO, reason=reason)
            return self._state(name)

        return await self._decided(request, decide, "reason")

    async def resume(self, request: Request, name: str) -> Response:
        """Let a paused campaign go on, under all the rules of this moment."""

        def decide(_said: Mapping[str, str]) -> Answer:
            control.resume(fits(name), self._parts, who=WHO)
            return self._state(name)

        return await self._decided(request, decide)

    async def cancel(self, request: Request, name: str) -> Response:
        """End a campaign for good. Live calls finish; nobody else is called."""

        def decide(_said: Mapping[str, str]) -> Answer:
            control.cancel(fits(name), self._parts, who=WHO)
            return self._state(name)

        return await self._decided(request, decide)

    async def approve(self, request: Request, name: str) -> Response:
        """A person has heard the first calls (`pacing.first`): the others are called too."""

        def decide(_said: Mapping[str, str]) -> Answer:
            approve(fits(name), self._parts, who=WHO)
            return self._state(name)

        return await self._decided(request, decide)

    async def pause_all(self, request: Request) -> Response:
        """Stop every campaign of an `account`, or of all, before its next call."""

        def decide(said: Mapping[str, str]) -> Answer:
            accounts = self._accounts(said)
            reason = said.get("reason", "no reason given")
            control.pause_account(accounts.values(), self._parts, who=WHO, reason=reason)
            return 200, {"paused": sorted(accounts)}

        return await self._decided(request, decide, "account", "reason")

    async def resume_all(self, request: Request) -> Response:
        """Let an `account`, or all, dial again; campaigns paused by themselves stay paused."""

        def decide(said: Mapping[str, str]) -> Answer:
            accounts = self._accounts(said)
            control.resume_account(accounts.values(), self._parts, who=WHO)
            return 200, {"resumed": sorted(accounts)}

        return await self._decided(request, decide, "account")

    async def _decided(
        self, request: Request, decide: Callable[[Mapping[str, str]], Answer], *keys: str
    ) -> Response:
        try:
            said = texts(await self._api.document(request), *keys)
        except Exception as error:
            return refusal(request, error)
        return await self._api.answered(request, lambda: decide(said))

    def _accounts(self, said: Mapping[str, str]) -> Mapping[str, int]:
        name = said.get("account")
        if name is not None:
            return {name: self._api.look(lambda reads: reads.account_id(name))}
        found = self._api.look(lambda reads: reads.accounts_figures(reads.tx.now()))
        return {one.name: one.id for one in found}

    def _state(self, name: str) -> Answer:
        row = self._api.look(lambda reads: reads.campaign_row(name))
        said = {"campaign": row.name, "state": row.state, "paused_why": row.paused_why}
        return 200, plain(said)


def _unfit(loaded: Loaded, found: Difference) -> str | None:
    """Why a first list cannot be right."""
    contacts = loaded.definition.contacts
    return unfit(
        lines=found.lines,
        rejected=found.rejected,
        duplicate=found.duplicate,
        filtered=found.filtered,
        max_rejected=contacts.max_rejected,
        awaited=bool(contacts.columns),
    )


def _counts(loaded: Loaded, effect: Effect, found: Difference) -> dict[str, Any]:
    said = plain(found)
    del said["ours"]
    warned = faults_told(loaded.warnings())
    return {"campaign": loaded.name, "effect": effect.value, **said, "warnings": warned}


def _number(after: str) -> int:
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise InputError("`after` takes what the page before said under `next`")
    return int(after)
