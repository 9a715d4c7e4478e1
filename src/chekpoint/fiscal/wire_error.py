"""What can be wrong with bytes between a register and an operator."""

from enum import StrEnum
from typing import Final


class WireFault(StrEnum):
    """The reason, by the field that is wrong."""

    SIGNATURE = "signature"
    S_PROTOCOL = "s_protocol"
    P_PROTOCOL = "p_protocol"
    FN = "fn"
    LENGTH = "length"
    FLAGS = "flags"
    MESSAGE_CRC = "message_crc"
    INCOMPLETE = "incomplete"
    CONTAINER_SHORT = "container_short"
    CONTAINER_LENGTH = "container_length"
    CONTAINER_CRC = "container_crc"
    CONTAINER_KIND = "container_kind"
    CONTAINER_VERSION = "container_version"
    CONTAINER_FN = "container_fn"
    TRAILER = "trailer"
    FIELD = "field"  # a value that does not fit its field, when encoding


_WORDS: Final = {
    WireFault.SIGNATURE: ("not an operator message", "это не сообщение для ОФД"),
    WireFault.S_PROTOCOL: ("unknown session protocol", "неизвестный сеансовый протокол"),
    WireFault.P_PROTOCOL: ("unknown format version", "неизвестная версия формата"),
    WireFault.FN: ("the fiscal drive's number is malformed", "номер ФН записан неверно"),
    WireFault.LENGTH: ("impossible length", "недопустимая длина"),
    WireFault.FLAGS: ("forbidden flags", "недопустимые флаги"),
    WireFault.MESSAGE_CRC: ("wrong checksum of the message", "неверная контрольная сумма сообщения"),
    WireFault.INCOMPLETE: ("the message is cut short", "сообщение обрывается"),
    WireFault.CONTAINER_SHORT: ("the container is cut short", "контейнер обрывается"),
    WireFault.CONTAINER_LENGTH: ("wrong length of the container", "неверная длина контейнера"),
    WireFault.CONTAINER_CRC: ("wrong checksum of the container", "неверная контрольная сумма контейнера"),
    WireFault.CONTAINER_KIND: ("unknown kind of container", "неизвестный тип контейнера"),
    WireFault.CONTAINER_VERSION: ("unknown container version", "неизвестная версия контейнера"),
    WireFault.CONTAINER_FN: ("malformed drive number in the container", "неверный номер ФН в контейнере"),
    WireFault.TRAILER: (
        "wrong message sign after the document",
        "неверный признак сообщения после документа",
    ),
    WireFault.FIELD: ("the value does not fit its field", "значение не помещается в поле"),
}


class WireError(ValueError):
    """Bytes that are not a message or a container. ``en`` and ``ru`` say it in words, ``offset`` says where."""

    def __init__(self, fault: WireFault, detail: str = "", *, offset: int = 0) -> None:
        self.fault = fault
        self.offset = offset
        en, ru = _WORDS[fault]
        self.en = f"{en}: {detail}" if detail else en
        self.ru = f"{ru}: {detail}" if detail else ru
        super().__init__(f"{self.en} (offset {offset})")
