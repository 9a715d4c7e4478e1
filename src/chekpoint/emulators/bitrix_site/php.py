"""The ways of PHP on the wire: how it writes JSON, how it nests the fields of a form, how it shows a number."""

import json
import re
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl, quote_plus

_ESCAPE: Final = re.compile(r"\\.|[<>&'/]", re.DOTALL)
_HEX: Final = {'\\"': r"\u0022", "<": r"\u003C", ">": r"\u003E", "&": r"\u0026", "'": r"\u0027", "/": r"\/"}
_KEY: Final = re.compile(r"\[([^\]]*)\]")
_DEEPEST: Final = 16
_MOST_FIELDS: Final = 1000  # max_input_vars


class TooManyFieldsError(ValueError):
    """A form that PHP would not read."""


def money(kopecks: int) -> int | float:
    """Roubles as PHP prints them: 100 for 100.00, else a fraction."""
    return kopecks // 100 if kopecks % 100 == 0 else kopecks / 100


def number(value: Decimal) -> int | float:
    """A quantity as PHP prints it."""
    return int(value) if value == value.to_integral_value() else float(value)


def write_json(value: Any, *, ascii_only: bool = False) -> str:
    r"""JSON with the site's flags (HEX_TAG, HEX_AMP, HEX_APOS, HEX_QUOT); old cores also write \uXXXX."""
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    return _ESCAPE.sub(lambda found: _HEX.get(found[0], found[0]), text)


def write_form(fields: dict[str, Any]) -> str:
    """``application/x-www-form-urlencoded`` as http_build_query does: nested keys, nulls dropped, booleans 1/0."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in _flat("", fields))


def _flat(prefix: str, value: Any) -> list[tuple[str, str | bytes]]:
    if isinstance(value, dict):
        pairs = [(f"{prefix}[{key}]" if prefix else str(key), part) for key, part in value.items()]
    elif isinstance(value, list | tuple):
        pairs = [(f"{prefix}[{place}]", part) for place, part in enumerate(value)]
    elif value is None:
        return []
    elif isinstance(value, bool):
        return [(prefix, "1" if value else "0")]
    else:
        return [(prefix, value if isinstance(value, bytes) else str(value))]
    return [flat for name, part in pairs for flat in _flat(name, part)]


def read_form(text: str) -> dict[str, Any]:
    """The fields of a form or a query, nested as their names say; raises TooManyFieldsError."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise TooManyFieldsError(str(error)) from error
    fields: dict[str, Any] = {}
    for name, value in pairs:
        head = name.partition("[")[0]
        keys = [head, *_KEY.findall(name[len(head) :])]
        if head and len(keys) <= _DEEPEST:
            _put(fields, keys, value)
    return {name: _listed(value) for name, value in fields.items()}


def _put(fields: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        inner = fields.setdefault(key or str(len(fields)), {})
        if not isinstance(inner, dict):
            inner = fields[key] = {}
        fields = inner
    fields[keys[-1] or str(len(fields))] = value


def _listed(value: Any) -> Any:
    """Keys 0, 1, 2 ... make a list."""
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(part) for key, part in value.items()}
    return list(inner.values()) if inner and list(inner) == [str(n) for n in range(len(inner))] else inner


def upper_keys(value: Any) -> Any:
    """Names of fields in capitals at every depth, as REST methods read them."""
    if isinstance(value, dict):
        return {str(key).upper(): upper_keys(part) for key, part in value.items()}
    return [upper_keys(part) for part in value] if isinstance(value, list) else value
