"""Envelopes of the open API: what is sent, and what is read however the service has dressed it."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from chekpoint.core.errors import BlockReason
from chekpoint.core.ports import TaxQuestion
from chekpoint.emulators.fns import envelopes
from chekpoint.ofd.fns import FnsConfig, meanings, soap
from chekpoint.ofd.fns.ticket import without_buyer
from chekpoint.ofd.fns.xml_answer import NotXml, parse

QUESTION = TaxQuestion(
    fn="9999078900000001", fd_number=7, fiscal_sign="0012345678", total=10_050, made_at="2026-11-24T12:00:05", kind=1
)  # fmt: skip


@pytest.mark.parametrize("query", list(soap.Query))
def test_a_question_says_all_that_finds_a_document(query: soap.Query) -> None:
    asked = envelopes.asked(soap.send(query, QUESTION))
    assert asked == (
        str(query), QUESTION.fn, 7, 12_345_678, 10_050, datetime(2026, 11, 24, 12, 0, 5), 1  # noqa: DTZ001
    )  # fmt: skip


def test_a_master_token_with_signs_of_xml_arrives_as_it_is() -> None:
    assert envelopes.master_token(soap.auth("a<b>&c")) == "a<b>&c"
    assert envelopes.message_id(soap.poll("x<&")) == "x<&"


def test_answers_are_known_by_their_names_whatever_their_prefixes() -> None:
    plain = b"<R><ProcessingStatus>COMPLETED</ProcessingStatus><Result><Code>200</Code><Ticket>{}</Ticket></Result></R>"
    spaced = (
        '<?xml version="1.0" encoding="windows-1251"?><q:R xmlns:q="urn:other/2.0"><q:ProcessingStatus>COMPLETED'
        "</q:ProcessingStatus><q:Result><q:Code>406</q:Code><q:Message>Не прошёл</q:Message></q:Result></q:R>"
    ).encode("cp1251")
    assert soap.read(plain) == soap.Answer(200, "", "{}")
    assert soap.read(spaced) == soap.Answer(406, "Не прошёл", "")
    assert soap.read(b"<R><ProcessingStatus>PROCESSING</ProcessingStatus></R>") == soap.Working("PROCESSING")
    assert soap.read(b"<R><Message/></R>") is None
    assert soap.read(b"<R><Result><Code>OK</Code></Result></R>") is None


def test_expiry_with_zone_without_and_unreadable() -> None:
    def until(text: str) -> datetime | None:
        read = soap.read(f"<R><Token>t</Token><ExpireTime>{text}</ExpireTime></R>".encode())
        assert isinstance(read, soap.Token)
        return read.good_until

    assert until("2026-11-24T15:00:00.000+03:00") == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert until("2026-11-24T15:00:00") == datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert until("tomorrow") is None


@pytest.mark.parametrize(
    "hostile",
    [
        b"", b"not xml", b"<a>", b"\xff\xfe\x00", b'<?xml version="1.0" encoding="no-such"?><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', b"<!DOCTYPE a><a/>",
        b"<a>" * 200_000, b" " * (5 << 20),
    ],
    ids=["empty", "text", "open", "bytes", "encoding", "entity", "doctype", "deep", "long"],
)  # fmt: skip
def test_hostile_answers_are_no_xml(hostile: bytes) -> None:
    with pytest.raises(NotXml):
        parse(hostile)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Доступ к сервису для переданного IP, запрещен", BlockReason.ACCESS),
        ("Доступ к сервису для token запрещен", BlockReason.ACCESS),
        ("Превышено количество запросов", BlockReason.BUSY),
        ("Не удалось обнаружить требуемые заголовки", BlockReason.CONFIGURATION),
        ("что-то новое", BlockReason.UNKNOWN),
    ],
)
def test_faults_end_in_a_reason_with_their_own_words(words: str, reason: BlockReason) -> None:
    found, sentence = meanings.refusal(words)
    assert (found, words in sentence) == (reason, True)


def test_an_answer_that_is_gone_is_told_from_other_faults() -> None:
    assert meanings.message_gone("По переданному MessageId 12ab сообщение не найдено")
    assert meanings.message_gone("Timeout")
    assert not meanings.message_gone("Превышено количество запросов")


def test_evidence_of_a_ticket_names_the_document_and_not_the_buyer() -> None:
    ticket = '{"content":{"fiscalSign":1,"totalSum":5,"buyerPhoneOrAddress":"+79990000000","items":[{"name":"x"}]}}'
    kept = without_buyer(ticket)
    assert (kept["fiscalSign"], kept["totalSum"], kept["items"]) == (1, 5, 1)
    assert "+7999" not in str(kept)
    assert set(without_buyer("not json")) == {"sha256"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"master_token": ""}, {"plan": {"share": 2}}, {"poll_every": 0}, {"typo": 1}, {"plan": {"daily": -1}},
        {"inn": "7700000017"}, {"base_url": "openapi.nalog.ru"}, {"window": 2, "poll_every": 2},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    good = {"inn": "7700000016", "master_token": "t"}
    assert msgspec.convert(good, FnsConfig).plan.daily > 0
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(good | wrong, FnsConfig)
