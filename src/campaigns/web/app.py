"""The web application: the webhook door, the health routes and /metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from campaigns.bootstrap import Installation
from campaigns.web.access import Guard
from campaigns.web.health import Health
from campaigns.web.hooks import Hooks
from campaigns.web.inbox import Inbox
from campaigns.web.limits import Limits
from campaigns.web.metrics import Metrics
from campaigns.web.outside import Outside
from campaigns.web.problems import of_framework


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
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={HTTPException: of_framework},
        # Its spans hold the path, and paths hold tokens.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    hooks.add_to(app)
    Health(installation).add_to(app)
    metrics.add_to(app)
    app.add_middleware(Guard, api_keys=installation.settings.api_keys)
    app.add_middleware(Outside)
    return app
