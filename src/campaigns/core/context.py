"""Templates: what the agent is told about one contact, worked out from the columns of its row.

Nothing else is sent. Every template is checked against the header before anything is dialled; at
run time only the values of one row can be at fault, and then that row is rejected with the column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.core import columns
from campaigns.core.anchor import AnchorReader
from campaigns.core.cells import clean, yes_or_no
from campaigns.core.definition import Definition, SameNumber
from campaigns.core.fields import is_template
from campaigns.core.filters import FILTERS
from campaigns.core.names import TOUCH, Refused
from campaigns.core.template import (
    OUTPUT_LIMIT,
    MissingValue,
    Template,
    ThisCall,
    Unrenderable,
    compile_template,
    environment,
    too_long,
)
from campaigns.errors import DefinitionError, Fault

__all__ = ["FILTERS", "OUTPUT_LIMIT", "MissingValue", "Templates", "ThisCall", "Unrenderable"]

DISCLOSURE = "disclosure"
"""The name under which the agent gets the campaign's disclosure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Templates:
    """Every template of a campaign, compiled once."""

    context: tuple[tuple[str, Template], ...]  # what the agent calls it, and its text
    sent: tuple[str, ...]  # the columns that `context: all` sends
    filter: Template | None
    agent: Template | None
    caller: Template | None

    @classmethod
    def compile(cls, definition: Definition, header: Sequence[str]) -> Templates:
        """Check every template against the header. All faults at once."""
        env = environment(definition.schedule.timezone)
        faults: list[Fault] = []
        anchor = anchor_of(definition, header, faults)
        of_call = ["attempt", "now"]
        if definition.schedule.touches:
            of_call.append("touch")
        if definition.contacts.same_number is SameNumber.GROUP:
            of_call.append("group")

        def one(
            key: str, source: str | None, *, whole: bool = False, of_call: Sequence[str] = ()
        ) -> Template | None:
            if source is None:
                return None
            try:
                return compile_template(
                    env, key, source, header, whole=whole, of_call=of_call, anchor=anchor
                )
            except Refused as refused:
                faults.append(refused.fault)
                return None

        told = definition.context
        context = [
            (name, one(f"context.{name}", source, of_call=of_call))
            for name, source in (told.items() if isinstance(told, Mapping) else ())
        ]
        context.append((DISCLOSURE, one(DISCLOSURE, definition.disclosure, of_call=of_call)))
        where = one("contacts.where", definition.contacts.where, whole=True)
        agent = one("agent_id", _if_template(definition.agent_id))
        caller = one("from_number", _if_template(definition.from_number))
        sent: tuple[str, ...] = ()
        if told == "all":
            try:
                sent = columns_of(definition, header).spare
            except DefinitionError as error:
                faults.extend(error.faults)
        named = sent if told == "all" else told or ()
        if definition.disclosure is not None and DISCLOSURE in named:
            key = "context" if told == "all" else f"context.{DISCLOSURE}"
            faults.append(_twice(key))
        if faults:
            raise DefinitionError(faults)
        return cls(
            context=tuple((name, compiled) for name, compiled in context if compiled),
            sent=sent,
            filter=where,
            agent=agent,
            caller=caller,
        )

    def render(self, fields: Mapping[str, str], call: ThisCall) -> dict[str, str]:
        """What the agent is told in this call about the contact with these cells."""
        told = {name: template.text(fields, call=call) for name, template in self.context}
        for column in self.sent:
            text = clean(fields.get(column, ""))
            if too_long(text):
                raise Unrenderable(column, "context", f"over {OUTPUT_LIMIT:,} bytes")
            if text:
                told[column] = text
        return told

    @property
    def tell_touches_apart(self) -> bool:
        """Whether what the agent is told depends on the touch."""
        return any(TOUCH in template.columns for _, template in self.context)

    def where(self, fields: Mapping[str, str]) -> bool:
        """Whether `contacts.where` keeps the row. An empty cell is an empty text here."""
        if self.filter is None:
            return True
        answer = self.filter.text(fields, blank=True)
        kept = yes_or_no(answer) if answer else False
        if kept is None:
            raise Unrenderable(
                self.filter.reads, self.filter.key, "neither yes nor no: write == and a value"
            )
        return kept

    def agent_id(self, fields: Mapping[str, str]) -> str | None:
        """The agent that a template in `agent_id` chooses; None where it is no template."""
        return self.agent.text(fields) if self.agent else None

    def from_number(self, fields: Mapping[str, str]) -> str | None:
        """The caller number that a template chooses, as written; None where it is no template."""
        return self.caller.text(fields) if self.caller else None


def columns_of(definition: Definition, header: Sequence[str]) -> columns.Columns:
    """The header as this campaign reads it. Raises DefinitionError with every fault."""
    consent = definition.consent
    return columns.understand(
        definition.contacts, header, consent=None if consent is None else consent.column
    )


def _twice(key: str) -> Fault:
    return Fault(
        at="",
        key=key,
        expected=f"no {DISCLOSURE} beside the campaign's own, which the agent gets by that name",
        got="another",
        hint="rename the column" if key == "context" else "remove one of them",
    )


def anchor_of(
    definition: Definition, header: Sequence[str], faults: list[Fault]
) -> AnchorReader | None:
    """The reader of the anchor's column; its faults are added to the others."""
    if definition.schedule.anchor is None:
        return None
    try:
        return AnchorReader(definition.schedule, header)
    except DefinitionError as error:
        faults.extend(error.faults)
        return None


def _if_template(text: str) -> str | None:
    return text if is_template(text) else None
