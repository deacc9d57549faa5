"""The doorbell on Celery: messages carry ids, and a broker that is away costs only latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from kombu.exceptions import OperationalError

from campaigns.errors import BrokerAway

if TYPE_CHECKING:
    from celery import Celery

    from campaigns.core.records import Claim

log = structlog.get_logger(__name__)


class CeleryDoorbell:
    """Rings workers through the broker; the heartbeat finds whatever a lost ring was about."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def dial(self, claim: Claim) -> None:
        """Someone please dial this claimed task."""
        self._send("dial", claim.task_id, claim.claim)

    def fold(self, attempt_id: str) -> None:
        """Someone please fold the events of this attempt."""
        self._send("fold", attempt_id)

    def check(self, attempt_id: str) -> None:
        """Someone please look this attempt up."""
        self._send("check", attempt_id)

    def dispatch(self, account_id: int) -> None:
        """Someone please see whether this account can start more."""
        self._send("dispatch", account_id)

    def look(self, account_id: int) -> None:
        """Someone please see whether the provider of this held account answers a GET."""
        self._send("look", account_id)

    def refresh(self, campaign_id: int) -> None:
        """Someone please read this campaign's list again."""
        self._send("refresh", campaign_id)

    def ping(self) -> None:
        """Raises BrokerAway when the broker does not answer."""
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=5)
        except (OperationalError, OSError) as error:
            raise BrokerAway(
                f"the broker does not answer ({type(error).__name__}): see CAMPAIGNS_REDIS_URL"
            ) from error

    def _send(self, task: str, *ids: object) -> None:
        try:
            self._app.send_task(f"workers.tasks.{task}", args=ids, ignore_result=True)
        except (OperationalError, OSError) as error:
            log.warning("doorbell_lost", task=task, error=type(error).__name__)
