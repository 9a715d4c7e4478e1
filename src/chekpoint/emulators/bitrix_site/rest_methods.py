"""REST methods ``sale.cashbox.*`` of the site, as an incoming webhook calls them.

There is no method to create, list, reprint or correct checks.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from chekpoint.emulators.bitrix_site.cashboxes import Cashbox, CashboxSettings, Handler, RestHandler
from chekpoint.emulators.bitrix_site.orders import VAT_IDS
from chekpoint.emulators.bitrix_site.php import upper_keys
from chekpoint.emulators.bitrix_site.rest_print import apply_result
from chekpoint.emulators.bitrix_site.state import SiteState

OFDS: Final = (
    "bx_firstofd", "bx_platformaofd", "bx_yarusofd", "bx_taxcomofd", "bx_ofdruofd", "bx_tenzorofd", "bx_conturofd",
)  # fmt: skip
CHECK_FAILURE: Final = "ERROR_CHECK_FAILURE"
Fields = dict[str, Any]


class RestError(Exception):
    """A refusal in the REST API's own words; ``status`` is the HTTP code."""

    def __init__(self, code: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


def call_method(state: SiteState, method: str, params: Fields) -> Any:
    """The value of ``result``; raises RestError."""
    found = _METHODS.get(method.lower().removesuffix(".json"))
    if found is None:
        raise RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
    return found(state, upper_keys(params))


def _text(fields: Fields, name: str) -> str:
    """A required field; raises RestError."""
    value = fields.get(name)
    if value is None or isinstance(value, dict | list) or not str(value).strip():
        raise RestError(CHECK_FAILURE, f"Parameter {name} is not defined")
    return str(value)


def _object(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    if not isinstance(value, dict):
        raise RestError(CHECK_FAILURE, f"Parameter {name} is not defined")
    return value


def _url(settings: Fields, name: str) -> str:
    value = _text(settings, name)
    try:
        parts = urlsplit(value)
    except ValueError as error:
        raise RestError(CHECK_FAILURE, f"{name}: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RestError(CHECK_FAILURE, f"{name} is not a URL")
    return value


def _yes(value: object) -> bool:
    return value is True or str(value) in {"Y", "1"}


def _id(fields: Fields) -> int:
    text = _text(fields, "ID")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _handler_add(state: SiteState, fields: Fields) -> int:
    code, name = _text(fields, "CODE"), _text(fields, "NAME")
    made = _handler_settings(fields, RestHandler(id=0, code=code, name=name, print_url="", check_url=""))
    if state.handler_coded(code) is not None:
        raise RestError("ERROR_HANDLER_ALREADY_EXIST", "Handler already exists!")
    handler = msgspec.structs.replace(made, id=state.next_id("handler"), sort=_sort(fields))
    state.keep_handler(handler)
    return handler.id


def _handler_settings(fields: Fields, handler: RestHandler) -> RestHandler:
    """SUPPORTS_FFD105 is read from SETTINGS only, whatever the documentation says."""
    settings = _object(fields, "SETTINGS")
    version = str(settings.get("HTTP_VERSION") or "1.0")
    if version not in {"1.0", "1.1"}:
        raise RestError(CHECK_FAILURE, "HTTP_VERSION: 1.0 | 1.1")
    return msgspec.structs.replace(
        handler,
        print_url=_url(settings, "PRINT_URL"),
        check_url=_url(settings, "CHECK_URL"),
        http_version=version,
        supports_ffd105=_yes(settings.get("SUPPORTS_FFD105")),
        config=_object(settings, "CONFIG"),
    )


def _sort(fields: Fields) -> int:
    text = str(fields.get("SORT", 100))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 100


def _handler_found(state: SiteState, fields: Fields) -> RestHandler:
    handler = state.handlers.get(_id(fields))
    if handler is None:
        raise RestError("ERROR_HANDLER_NOT_FOUND", "Handler not found")
    return handler


def _handler_update(state: SiteState, fields: Fields) -> bool:
    handler, changes = _handler_found(state, fields), _object(fields, "FIELDS")
    if "SETTINGS" in changes:
        handler = _handler_settings(changes, handler)
    name = str(changes.get("NAME") or handler.name)
    state.keep_handler(msgspec.structs.replace(handler, name=name))
    return True


def _handler_delete(state: SiteState, fields: Fields) -> bool:
    handler = _handler_found(state, fields)
    linked = [box.id for box in state.cashboxes.values() if box.rest_code == handler.code]
    if linked:
        raise RestError(CHECK_FAILURE, f"There are cashboxes with this handler: {linked}")
    state.drop_handler(handler.id)
    return True


def _handler_list(state: SiteState, _: Fields) -> list[Fields]:
    return [
        {
            "ID": str(h.id),
            "NAME": h.name,
            "CODE": h.code,
            "SORT": str(h.sort),
            "SETTINGS": {
                "PRINT_URL": h.print_url,
                "CHECK_URL": h.check_url,
                "HTTP_VERSION": h.http_version,
                "SUPPORTS_FFD105": "Y" if h.supports_ffd105 else "N",
                "CONFIG": h.config,
            },
        }
        for h in state.handlers.values()
    ]


def _cashbox_add(state: SiteState, fields: Fields) -> int:
    name, code, email = _text(fields, "NAME"), _text(fields, "REST_CODE"), _text(fields, "EMAIL")
    handler = state.handler_coded(code)
    if handler is None:
        raise RestError("ERROR_HANDLER_NOT_FOUND", "Handler not found")
    ofd = str(fields.get("OFD") or "")
    if ofd and ofd not in OFDS:
        raise RestError(CHECK_FAILURE, f"OFD: {' | '.join(OFDS)}")
    box = Cashbox(
        id=state.next_id("cashbox"),
        name=name,
        handler=Handler.REST,
        number_kkm=str(fields.get("NUMBER_KKM") or ""),
        active=_yes(fields.get("ACTIVE", "N")),
        enabled=True,  # forced
        use_offline=_yes(fields.get("USE_OFFLINE", "N")),
        email=email,
        ofd=ofd,
        sort=_sort(fields),
        rest_code=code,
        created_at=state.now(),
        settings=CashboxSettings(rest=_rest_settings(fields.get("SETTINGS"))),
    )
    state.keep_cashbox(box)
    return box.id


def _rest_settings(value: object) -> dict[str, dict[str, str]]:
    """What was typed into CONFIG, by section and key."""
    sections = value if isinstance(value, dict) else {}
    return {
        section: {key: str(typed) for key, typed in keys.items()}
        for section, keys in sections.items()
        if isinstance(keys, dict)
    }


def _cashbox_found(state: SiteState, fields: Fields) -> Cashbox:
    box = state.cashboxes.get(_id(fields))
    if box is None:
        raise RestError("ERROR_CASHBOX_NOT_FOUND", "Cashbox not found")
    return box


def _cashbox_update(state: SiteState, fields: Fields) -> bool:
    box, changes = _cashbox_found(state, fields), _object(fields, "FIELDS")
    settings = box.settings
    if "SETTINGS" in changes:
        settings = msgspec.structs.replace(settings, rest=_rest_settings(changes["SETTINGS"]))
    state.keep_cashbox(
        msgspec.structs.replace(
            box,
            name=str(changes.get("NAME") or box.name),
            email=str(changes.get("EMAIL") or box.email),
            number_kkm=str(changes.get("NUMBER_KKM", box.number_kkm)),
            active=_yes(changes["ACTIVE"]) if "ACTIVE" in changes else box.active,
            settings=settings,
        )
    )
    return True


def _cashbox_delete(state: SiteState, fields: Fields) -> bool:
    state.drop_cashbox(_cashbox_found(state, fields).id)
    return True


def _cashbox_list(state: SiteState, _: Fields) -> list[Fields]:
    return [
        {
            "ID": str(box.id),
            "NAME": box.name,
            "OFD": box.ofd,
            "EMAIL": box.email,
            "NUMBER_KKM": box.number_kkm,
            "ACTIVE": "Y" if box.active else "N",
            "SORT": str(box.sort),
            "USE_OFFLINE": "Y" if box.use_offline else "N",
            "ENABLED": "Y" if box.enabled else "N",
        }
        for box in state.cashboxes.values()
        if box.handler is Handler.REST
    ]


def _settings_get(state: SiteState, fields: Fields) -> Fields:
    return dict(_cashbox_found(state, fields).settings.rest)


def _settings_update(state: SiteState, fields: Fields) -> bool:
    box = _cashbox_found(state, fields)
    settings = msgspec.structs.replace(box.settings, rest=_rest_settings(fields.get("SETTINGS")))
    state.keep_cashbox(msgspec.structs.replace(box, settings=settings))
    return True


def _check_apply(state: SiteState, fields: Fields) -> bool:
    """A pushed result. Before PRINT_URL has been answered there is no check of this UUID."""
    uuid = _text(fields, "UUID")
    check = state.checks.get(state.by_uuid.get(uuid, 0))
    if check is None:
        raise RestError("ERROR_CHECK_NOT_FOUND", "Check not found")
    if not apply_result(state, check, fields):
        raise RestError("ERROR_CHECK_APPLY", str(fields.get("ERROR") or "Check apply error"))
    return True


def _vat_list(_: SiteState, __: Fields) -> list[Fields]:
    rates = {rate: None if rate == "none" else rate.removeprefix("vat") for rate in VAT_IDS}
    return [
        {"ID": str(VAT_IDS[rate]), "NAME": "Без НДС" if percent is None else f"НДС {percent}%", "ACTIVE": "Y"}
        | {"RATE": percent}
        for rate, percent in rates.items()
    ]


_METHODS: Final[dict[str, Callable[[SiteState, Fields], Any]]] = {
    "scope": lambda *_: ["sale", "cashbox", "catalog"],
    "profile": lambda *_: {"ID": "1", "ADMIN": True, "NAME": "Администратор"},
    "sale.cashbox.handler.add": _handler_add,
    "sale.cashbox.handler.update": _handler_update,
    "sale.cashbox.handler.delete": _handler_delete,
    "sale.cashbox.handler.list": _handler_list,
    "sale.cashbox.add": _cashbox_add,
    "sale.cashbox.update": _cashbox_update,
    "sale.cashbox.delete": _cashbox_delete,
    "sale.cashbox.list": _cashbox_list,
    "sale.cashbox.settings.get": _settings_get,
    "sale.cashbox.settings.update": _settings_update,
    "sale.cashbox.check.apply": _check_apply,
    "sale.ofd.list": lambda *_: [{"code": code} for code in OFDS],
    "catalog.vat.list": _vat_list,
}
METHODS: Final = tuple(_METHODS)
