"""The OpenAPI 3.1 description, made of the route table and the models themselves: it cannot fall behind."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from chekpoint import __version__
from chekpoint.hub.intake import EXTERNAL_ID_MOST, Order
from chekpoint.shops.api_v1 import examples
from chekpoint.shops.api_v1.accept import BatchAnswer
from chekpoint.shops.api_v1.forms import BATCH_MOST, Cancellation
from chekpoint.shops.api_v1.operations import OPERATIONS, Operation, Parameter
from chekpoint.shops.api_v1.payments import PAYMENTS_MOST, Payments, PaymentsAnswer, PaymentTold
from chekpoint.shops.api_v1.problems import Problem
from chekpoint.shops.api_v1.views import EventList, ReceiptPage, ReceiptView, RegisterList, TakenView

_TEMPLATE: Final = "#/components/schemas/{name}"
_MODELS: Final = (
    Order,
    Cancellation,
    TakenView,
    BatchAnswer,
    ReceiptView,
    ReceiptPage,
    EventList,
    RegisterList,
    PaymentTold,
    PaymentsAnswer,
    Problem,
)
_PROBLEM: Final = "application/problem+json"


def document() -> dict[str, Any]:
    """The description, as it is written out under ``/api/v1/openapi.json``."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Chekpoint", "version": __version__, "description": examples.INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "The shop's API key."}},
        },
    }  # fmt: skip


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(of: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": of.name,
        "summary": of.summary,
        "parameters": [_parameter(one) for one in of.parameters],
        "responses": _responses(of),
    }
    if of.body is not None:
        content = {"schema": _body_schema(of), "examples": examples.named(of.body_examples)}
        made["requestBody"] = {
            "required": of.body is not Cancellation, "content": {"application/json": content},
        }  # fmt: skip
    return made


def _body_schema(of: Operation) -> dict[str, Any]:
    if of.body is Payments:
        return _list_of("payments", PaymentTold, PAYMENTS_MOST)
    if of.body is not Order:
        return _ref(of.body)
    return {"oneOf": [_ref(Order), _list_of("receipts", Order, BATCH_MOST)]}


def _list_of(name: str, model: Any, most: int) -> dict[str, Any]:
    """A malformed one in a batch is refused by itself, and the others are taken: so anything goes there."""
    one = {"anyOf": [_ref(model), {}]}
    return {
        "type": "object",
        "required": [name],
        "additionalProperties": False,
        "properties": {name: {"type": "array", "minItems": 1, "maxItems": most, "items": one}},
    }


def _parameter(of: Parameter) -> dict[str, Any]:
    return {
        "name": of.name, "in": of.place, "required": of.place == "path", "description": of.description,
        "schema": of.schema,
    }  # fmt: skip


def _responses(of: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for status, model, words in of.answers:
        schema = {"oneOf": [_ref(one) for one in model]} if isinstance(model, tuple) else _ref(model)
        answer: dict[str, Any] = {"description": words, "content": {"application/json": {"schema": schema}}}
        if status == 201:
            answer["headers"] = {"Location": {"required": True, "schema": {"type": "string"}}}
        made[str(status)] = answer
    return made | dict(_problems(of.problems))


def _problems(statuses: Iterable[int]) -> Iterable[tuple[str, Any]]:
    for status in statuses:
        content = {_PROBLEM: {"schema": _ref(Problem)}}
        yield str(status), {"description": examples.STATUSES[status], "content": content}


def _ref(model: Any) -> dict[str, Any]:
    return {"$ref": _TEMPLATE.format(name=model.__name__)}


def _schemas() -> dict[str, Any]:
    _, components = msgspec.json.schema_components(_MODELS, ref_template=_TEMPLATE)
    schemas: dict[str, Any] = msgspec.to_builtins(components)
    _narrow(schemas)
    return schemas


def _narrow(schemas: dict[str, Any]) -> None:
    """What the models leave to the rules, said in the schema's own words."""
    properties = schemas["Order"]["properties"]
    properties["external_id"] |= {"minLength": 1, "maxLength": EXTERNAL_ID_MOST}
    schemas["Item"]["properties"]["quantity"] = {
        "description": "Not more than six decimals; as a string or a number.",
        "anyOf": [{"type": "string", "pattern": r"^[0-9]{1,7}(\.[0-9]{1,6})?$"}, {"type": "number"}],
    }
    schemas["Receipt"]["examples"] = [examples.order("order-1")["receipt"]]
