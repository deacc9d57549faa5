"""`Client`: the HTTP API from a Python program, with typed answers and this project's errors.

It asks once and never again by itself. Whatever it asks may be asked again without harm, and with
an `idempotency_key` it has the same answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from campaigns.client import results
from campaigns.client.results import Campaign, Counted, Page, Person
from campaigns.core.lifecycle import CampaignState
from campaigns.core.people import Told
from campaigns.errors import InputError, WorldError

Row = Mapping[str, object]


class Client:
    """A server of ours by its address, with one of its API keys.

    Raises InputError (DefinitionError with every fault, UnknownName, Conflict) for what it
    refuses, WorldError where it does not answer or cannot now.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def put_campaign(
        self,
        name: str,
        campaign: Mapping[str, Any] | str | PathLike[str],
        *,
        paused: bool = False,
        allow_withdraw: bool = False,
        take_over: bool = False,
        idempotency_key: str | None = None,
    ) -> Counted:
        """Store a campaign and let it run, or bring a known one to what is said now.

        `campaign`: the tree of a campaign file, or the path of one. Its contacts are `rows`.
        """
        query = {
            "start": "paused" if paused else "running",
            "allow_withdraw": str(allow_withdraw).lower(),
            "take_over": str(take_over).lower(),
        }
        return self._put(name, campaign, query, idempotency_key)

    def plan(
        self,
        name: str,
        campaign: Mapping[str, Any] | str | PathLike[str],
        *,
        allow_withdraw: bool = False,
    ) -> Counted:
        """What `put_campaign` would change. Nothing is stored."""
        query = {"dry_run": "true", "allow_withdraw": str(allow_withdraw).lower()}
        return self._put(name, campaign, query, None)

    def campaigns(self, *, limit: int = 50, after: str | None = None) -> Page[Campaign]:
        """A page of the campaigns, the newest first."""
        said = self._ask("GET", "/v1/campaigns", query=_page(limit, after))
        return Page(
            items=tuple(results.campaign(one) for one in said["campaigns"]), next=said["next"]
        )

    def campaign(self, name: str) -> Campaign:
        """Everything about one campaign."""
        said = self._ask("GET", _of(name))
        return results.campaign(said["summary"], said)

    def pause(self, name: str, reason: str = "") -> CampaignState:
        """Stop one campaign before its next call; the state it is in then."""
        return self._decide(name, "pause", {"reason": reason} if reason else {})

    def resume(self, name: str) -> CampaignState:
        """Let a paused campaign go on."""
        return self._decide(name, "resume", {})

    def cancel(self, name: str) -> CampaignState:
        """End a campaign for good."""
        return self._decide(name, "cancel", {})

    def approve(self, name: str) -> CampaignState:
        """Let a campaign go on whose first calls somebody has heard."""
        return self._decide(name, "approve", {})

    def number(self, e164: str) -> Mapping[str, Any]:
        """Everything about one number in all campaigns: its calls, its caps, what comes next."""
        found: Mapping[str, Any] = self._ask("GET", f"/v1/numbers/{quote(e164, safe='')}")
        return found

    def pause_all(self, reason: str = "", *, account: str | None = None) -> None:
        """Stop an account, or all, before the next call."""
        said = {"reason": reason, "account": account}
        self._ask("POST", "/v1/pause", {key: text for key, text in said.items() if text})

    def resume_all(self, *, account: str | None = None) -> None:
        """Let an account, or all, dial again."""
        self._ask("POST", "/v1/resume", {} if account is None else {"account": account})

    def contacts(
        self, name: str, *, limit: int = 50, after: str | None = None
    ) -> Page[Mapping[str, Any]]:
        """A page of a campaign's contacts with their touches."""
        said = self._ask("GET", f"{_of(name)}/contacts", query=_page(limit, after))
        return Page(items=tuple(said["contacts"]), next=said["next"])

    def all_contacts(self, name: str) -> Iterator[Mapping[str, Any]]:
        """Every contact of a campaign, page after page."""
        after: str | None = None
        while True:
            page = self.contacts(name, limit=1_000, after=after)
            yield from page.items
            if page.next is None:
                return
            after = page.next

    def contact(self, name: str, key: str) -> Person:
        """One contact: its row, its touches, when it is called next, or why it is not."""
        return results.person(self._ask("GET", _of(name, key)))

    def explain(self, name: str, key: str) -> Mapping[str, Any]:
        """Why one contact was, was not, or is not yet called: every rule with what it looked at."""
        return self._ask("GET", f"{_of(name, key)}/explain")

    def put_contact(
        self,
        name: str,
        key: str,
        row: Row,
        *,
        updated_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> Told:
        """One contact as it is from now on: `row` has all its columns.

        Raises Conflict where something newer than `updated_at` was told before.
        """
        said: dict[str, Any] = {"row": dict(row)}
        if updated_at is not None:
            said["updated_at"] = _written(updated_at)
        return results.told(self._ask("PUT", _of(name, key), said, key=idempotency_key))

    def withdraw_contact(self, name: str, key: str, *, updated_at: datetime | None = None) -> Told:
        """Call this contact no more; a live call goes on."""
        query = {} if updated_at is None else {"updated_at": _written(updated_at)}
        return results.told(self._ask("DELETE", _of(name, key), query=query))

    def suppress(self, to_number: str, reason: str = "", *, campaign: str | None = None) -> bool:
        """Never call this number again, in any campaign or in one. False: it was on the list."""
        said = {"to_number": to_number, "reason": reason, "campaign": campaign}
        body = {key: text for key, text in said.items() if text}
        return bool(self._ask("POST", "/v1/suppressions", body)["added"])

    def unsuppress(self, to_number: str, *, campaign: str | None = None) -> None:
        """Take a number off the do-not-call list of all campaigns, or off that of one."""
        query = {"to_number": to_number} | ({"campaign": campaign} if campaign else {})
        self._ask("DELETE", "/v1/suppressions", query=query)

    def suppressions(
        self, *, campaign: str | None = None, limit: int = 50, after: str | None = None
    ) -> Page[Mapping[str, Any]]:
        """A page of the do-not-call list of all campaigns, or of that of one."""
        query = {**_page(limit, after)} | ({"campaign": campaign} if campaign else {})
        said = self._ask("GET", "/v1/suppressions", query=query)
        return Page(items=tuple(said["suppressions"]), next=said["next"])

    def _put(
        self,
        name: str,
        campaign: Mapping[str, Any] | str | PathLike[str],
        query: Mapping[str, str],
        key: str | None,
    ) -> Counted:
        if isinstance(campaign, Mapping):
            return results.counted(self._ask("PUT", _of(name), campaign, query=query, key=key))
        content = Path(campaign).read_bytes()
        return results.counted(
            self._ask("PUT", _of(name), content, query=query, key=key, kind="application/yaml")
        )

    def _decide(self, name: str, verb: str, said: Mapping[str, str]) -> CampaignState:
        return CampaignState(self._ask("POST", f"{_of(name)}/{verb}", said)["state"])

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        query: Mapping[str, str] | None = None,
        key: str | None = None,
        kind: str = "application/json",
    ) -> dict[str, Any]:
        headers = {} if key is None else {"Idempotency-Key": key}
        content = b""
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body, default=_text).encode()
            headers["Content-Type"] = kind
        try:
            answer = self._http.request(
                method, path, content=content, params=query, headers=headers
            )
            said = answer.json()
        except httpx.TransportError as error:
            raise WorldError(f"the server does not answer ({type(error).__name__})") from error
        except ValueError as error:
            raise WorldError("the server answers what is no JSON: is it one of ours?") from error
        if answer.is_success and isinstance(said, dict):
            return said
        raise results.refusal(answer.status_code, said if isinstance(said, dict) else {})


def _of(name: str, key: str | None = None) -> str:
    path = f"/v1/campaigns/{quote(name, safe='')}"
    return path if key is None else f"{path}/contacts/{quote(key, safe='')}"


def _page(limit: int, after: str | None) -> Mapping[str, str]:
    return {"limit": str(limit)} | ({} if after is None else {"after": after})


def _written(at: datetime) -> str:
    """Raises InputError for an instant without a zone."""
    if at.tzinfo is None:
        raise InputError("an instant needs its zone, such as datetime.now(timezone.utc)")
    return at.isoformat()


def _text(value: object) -> str:
    """A value that JSON does not have, as a campaign file writes it."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
