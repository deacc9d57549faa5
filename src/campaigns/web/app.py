"""The web application: the webhook door, the HTTP API, the health routes and /metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from campaigns.bootstrap import Installation
from campaigns.web.access import Guard
from campaigns.web.answers import of_validation
from campaigns.web.api import Api
from campaigns.web.campaigns import Campaigns
from campaigns.web.contacts import Contacts
from campaigns.web.health import Health
from campaigns.web.hooks import Hooks
from campaigns.web.inbox import Inbox
from campaigns.web.limits import Limits
from campaigns.web.metrics import Metrics
from campaigns.web.numbers import Numbers
from campaigns.web.outside import Outside
from campaigns.web.problems import of_framework
from campaigns.web.suppressions import Suppressions


def create_app(installation: Installation, limits: Limits | None = None) -> FastAPI:
    """The application of one installation. Its thread starts with the first event."""
    limits = limits or Limits()
    inbox = Inbox(installation.parts, waiting=limits.waiting)
    hooks = Hooks(installation, inbox, limits)
    metrics = Metrics(installation, hooks.rejected)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        inbox.close()
        metrics.close()

    app = FastAPI(
        title="campaigns",
        openapi_url="/docs",  # the document itself: a page for it would need the network
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={HTTPException: of_framework, RequestValidationError: of_validation},
        # Its spans hold the path, and paths hold tokens.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    hooks.add_to(app)
    Health(installation).add_to(app)
    metrics.add_to(app)
    api = Api(installation, limits)
    for part in (Campaigns(api), Contacts(api), Suppressions(api), Numbers(api)):
        part.add_to(app)
    app.add_middleware(Guard, api_keys=installation.settings.api_keys)
    app.add_middleware(Outside)
    return app
