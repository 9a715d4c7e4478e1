"""What the wizard asks for each kind of register, and how one is asked who it is."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from chekpoint.app.compose import CONFIGS, register_makers
from chekpoint.core.clock import Clock
from chekpoint.core.ports import RegisterStatus
from chekpoint.core.witness import unheard
from chekpoint.hub.kinds import Ask, RegisterKind, Unfilled, Words
from chekpoint.registers.agent import Switchboard
from chekpoint.store.lanes import RegisterRow

_TEXT: Words = ("Значение не подходит", "The value does not fit")


def _ask(name: str, ru: str, en: str, *hint: str, **more: Any) -> Ask:
    return Ask(name, (ru, en), (hint[0], hint[1]) if hint else ("", ""), **more)


_LOGIN = _ask("login", "Логин", "Login", required=True)
_PASSWORD = _ask("password", "Пароль", "Password", required=True, secret=True)

_INN = _ask("inn", "ИНН", "INN", "Сверяется с продавцом.", "Compared with the seller's.")
_PLACE = _ask(
    "payment_address",
    "Место расчётов",
    "Place of settlement",
    "https://shop.ru",
    "https://shop.ru",
    required=True,
)
_FFD_2 = _ask(
    "ffd", "ФФД касс", "FFD of the registers", required=True, default="1.2",
    choices=(("1.2", ("1.2", "1.2")), ("1.05", ("1.05", "1.05"))),
)  # fmt: skip
_FFD = _FFD_2._replace(choices=(*_FFD_2.choices, ("1.1", ("1.1", "1.1"))))

KINDS: tuple[RegisterKind, ...] = (
    RegisterKind(
        "atol", "atol", ("АТОЛ", "ATOL"),
        ("Касса на столе: веб-сервер драйвера АТОЛ v10 на компьютере у кассы.", "On the table: the web server of ATOL's driver v10."),
        (
            _ask("base_url", "Адрес веб-сервера", "Address of the web server", "http://192.168.1.20:16732", "http://192.168.1.20:16732",
                 required=True),
            _ask("user", "Имя", "User", "Если на сервере включён вход.", "Where the server asks for one."),
            _ask("password", "Пароль", "Password", secret=True),
            _ask("device_id", "Номер устройства", "Device", "Если за одним сервером несколько касс.", "Where several are behind one server."),
        ),
    ),
    RegisterKind(
        "shtrih", "shtrih", ("Штрих-М по сети", "Shtrih-M over the network"),
        ("Касса с протоколом Штрих-М на TCP.", "A register that speaks Shtrih-M's protocol over TCP."),
        (
            _ask("host", "Адрес кассы", "Address", "192.168.1.30", "192.168.1.30", required=True),
            _ask("port", "Порт", "Port", "7778; на кассах с Android 12345", "7778; 12345 on Android", required=True, default="7778"),
        ),
    ),
    RegisterKind(
        "shtrih-serial", "shtrih", ("Штрих-М по кабелю", "Shtrih-M over a cable"),
        ("Последовательный порт или USB: касса подключена к этому серверу.", "A serial port or USB of this very server."),
        (
            _ask("serial_port", "Порт", "Port", "/dev/ttyACM0 или COM3", "/dev/ttyACM0 or COM3", required=True),
            _ask("baudrate", "Скорость", "Speed", required=True, default="115200"),
        ),
    ),
    RegisterKind(
        "atol_online", "atol_online", ("АТОЛ Онлайн", "ATOL Online"),
        ("Облачная группа касс; и резерв пула, и сама по себе.", "A cloud group of registers, as a reserve or by itself."),
        (
            _LOGIN, _PASSWORD,
            _ask("group_code", "Код группы", "Group code", required=True), _ask("inn", "ИНН группы", "The group's INN", required=True),
            _ask("email", "Почта магазина", "The shop's e-mail", required=True),
            _ask("payment_address", "Место расчётов", "Place of settlement", "https://shop.ru", "https://shop.ru", required=True),
            _ask("version", "Версия", "Version", required=True, default="v5",
                 choices=(("v5", ("v5, ФФД 1.2", "v5, FFD 1.2")), ("v4", ("v4, ФФД 1.05", "v4, FFD 1.05")))),
        ),
    ),
    RegisterKind(
        "komtet", "komtet", ("Комтет Касса", "Komtet"),
        ("Облачный сервис: магазин и его очередь.", "A cloud service: a shop and one of its queues."),
        (
            _ask("shop_id", "Идентификатор магазина", "Shop id", required=True),
            _ask("secret", "Секретный ключ", "Secret", required=True, secret=True),
            _ask("queue_id", "Номер очереди", "Queue", required=True), _INN, _PLACE, _FFD,
        ),
    ),
    RegisterKind(
        "modulkassa", "modulkassa", ("МодульКасса", "ModulKassa"),
        ("Облачный сервис: торговая точка, уже привязанная (associate).", "A cloud service: a retail point that is associated."),
        (
            _ask("user_name", "Имя из ответа associate", "User name that associate answered", required=True),
            _ask("password", "Пароль из ответа associate", "Password that associate answered", required=True, secret=True),
            _INN, _FFD,
        ),
    ),
    RegisterKind(
        "orange_data", "orange_data", ("Orange Data", "OrangeData"),
        ("Облачный сервис с подписью и клиентским сертификатом: укажите файлы на этом сервере.",
         "A cloud service with a signature and a client certificate: name files of this server."),
        (
            _ask("inn", "ИНН", "INN", required=True),
            _ask("sign_key", "Файл ключа подписи", "Signing key file", "private_key.pem", "private_key.pem", required=True),
            _ask("client_cert", "Файл сертификата клиента", "Client certificate file", "client.crt", "client.crt", required=True),
            _ask("client_key", "Файл ключа клиента", "Client key file", "client.key", "client.key", required=True),
            _ask("group", "Группа", "Group", required=True, default="Main"), _FFD_2,
        ),
    ),
)  # fmt: skip


def config_of(kind: RegisterKind, given: Mapping[str, str]) -> bytes:
    """The settings as they are stored; raises Unfilled where the driver would not take them."""
    form = CONFIGS[kind.maker]
    values = {ask.name: given[ask.name] for ask in kind.asks if given.get(ask.name)}
    try:
        return msgspec.json.encode(msgspec.convert(values, form, strict=False))
    except msgspec.ValidationError as error:
        why, _, path = str(error).partition(" - at `$")
        name = path.strip("`.") or kind.asks[0].name
        raise Unfilled({name: (f"{_TEXT[0]}: {why}.", f"{_TEXT[1]}: {why}.")}) from error


def asker(clock: Clock, board: Switchboard | None = None) -> Callable[[str, bytes], Any]:
    """Asks a register that is not added yet who it is, through its agent where it has one; raises RegisterError."""

    async def ask(maker: str, config: bytes) -> RegisterStatus:
        row = RegisterRow("", "", "", maker, config, None, None, 1, 0, "")
        register = register_makers(clock, board=board)[maker](row, unheard)
        try:
            return await register.status()
        finally:
            await register.aclose()

    return ask
