"""Where a dial task that comes back to life rings: its contact may have moved since it was done."""

from __future__ import annotations

from sqlalchemy import ScalarSelect, select

from campaigns.store.call_tables import dial_task
from campaigns.store.tables import contact, lane

PLACE: dict[str, ScalarSelect[int]] = {
    "phone_id": select(contact.c.phone_id)
    .where(contact.c.id == dial_task.c.contact_id)
    .scalar_subquery(),
    "lane_id": select(lane.c.id)
    .join(contact, contact.c.zones == lane.c.zones)
    .where(contact.c.id == dial_task.c.contact_id, lane.c.campaign_id == dial_task.c.campaign_id)
    .scalar_subquery(),
}
"""What done tasks keep of the number that they called gives way to that of their contact: its
lock, its caps and the do-not-call list are asked by it."""
