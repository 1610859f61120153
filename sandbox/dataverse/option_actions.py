"""The actions that change the options of choices, states and status reasons."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.dataverse.calls import Answer, Call, answer_empty, answer_json
from sandbox.dataverse.columns import Kind, Option
from sandbox.dataverse.errors import bad_definition
from sandbox.dataverse.payload import read_object
from sandbox.dataverse.read_definitions import (
    complete_label,
    merged_label,
    next_value,
    text_of,
)
from sandbox.dataverse.schema import Schema

Body = dict[str, Any]
Options = tuple[Option, ...]


class OptionActions:
    """The actions by name; each takes the call."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self.by_name: dict[str, Callable[[Call], Answer]] = {
            "InsertStatusValue": self.insert_status,
            "InsertOptionValue": self.insert_option,
            "UpdateOptionValue": self.update,
            "UpdateStateValue": self.update_state,
            "OrderOption": self.order,
            "DeleteOptionValue": self.delete,
        }

    def insert_status(self, call: Call) -> Answer:
        """Add a status reason to a state."""
        body = read_object(call)
        table, column = self._schema.named_column(body)
        state = body.get("StateCode")
        if column.kind is not Kind.STATUS or table.by_name["statecode"].option(state) is None:
            raise bad_definition(f"'{state}' is no state of '{column.name}'.")
        return self._insert(call, body, state)

    def insert_option(self, call: Call) -> Answer:
        """Add an option to a choice."""
        return self._insert(call, read_object(call), None)

    def update(self, call: Call) -> Answer:
        """Give an option another label."""
        body = read_object(call)
        self._schema.change_options(body, lambda known: _relabelled(known, body))
        return answer_empty()

    def update_state(self, call: Call) -> Answer:
        """Give a state another default reason, or another label."""
        body = read_object(call)
        default = body.get("DefaultStatusCode")
        table, _ = self._schema.named_column({**body, "AttributeLogicalName": "statuscode"})
        reason = table.by_name["statuscode"].option(default)
        if default is not None and (reason is None or reason.state != body.get("Value")):
            raise bad_definition(f"'{default}' is no status reason of state {body.get('Value')}.")
        named = {"AttributeLogicalName": "statecode", **body}

        def change(known: Options) -> Options:
            found = _relabelled(known, body) if body.get("Label") else known
            at = _index(found, body)
            new = found[at].default_status if default is None else default
            return (*found[:at], replace(found[at], default_status=new), *found[at + 1 :])

        self._schema.change_options(named, change)
        return answer_empty()

    def order(self, call: Call) -> Answer:
        """Put the options into another order."""
        body = read_object(call)
        values = body.get("Values")

        def change(known: Options) -> Options:
            if not isinstance(values, list) or sorted(values) != sorted(o.value for o in known):
                raise bad_definition("'Values' must name every option once.")
            return tuple(sorted(known, key=lambda option: values.index(option.value)))

        self._schema.change_options(body, change)
        return answer_empty()

    def delete(self, call: Call) -> Answer:
        """Take an option away."""
        body = read_object(call)

        def change(known: Options) -> Options:
            at = _index(known, body)
            return (*known[:at], *known[at + 1 :])

        self._schema.change_options(body, change)
        return answer_empty()

    def _insert(self, call: Call, body: Body, state: int | None) -> Answer:
        first = self._schema.first_value(body.get("SolutionUniqueName"))
        made: list[int] = []

        def change(known: Options) -> Options:
            value = body.get("Value")
            number = next_value(known, first) if value is None else int(value)
            if any(option.value == number for option in known):
                raise bad_definition(f"There is an option with the value {number} already.")
            made.append(number)
            label = complete_label(body.get("Label"))
            text = text_of(label, str(number))
            return (*known, Option(value=number, label=text, state=state, facts={"Label": label}))

        self._schema.change_options(body, change)
        name = f"Microsoft.Dynamics.CRM.{call.path}Response"
        return answer_json(
            {"@odata.context": f"{call.root}$metadata#{name}", "NewOptionValue": made[0]}
        )


def _relabelled(known: Options, body: Body) -> Options:
    at = _index(known, body)
    option, label = known[at], complete_label(body.get("Label"))
    if body.get("MergeLabels"):
        label = merged_label(option.facts.get("Label"), label)
    facts = {**option.facts, "Label": label}
    new = replace(option, label=text_of(label, option.label), facts=facts)
    return (*known[:at], new, *known[at + 1 :])


def _index(known: Options, body: Body) -> int:
    for at, option in enumerate(known):
        if option.value == body.get("Value"):
            return at
    raise bad_definition(f"There is no option with the value {body.get('Value')}.")
