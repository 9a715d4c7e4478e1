"""A file is taken whole or not at all, and once: twice the same file makes no doubles."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from chekpoint.core.errors import Unfit
from chekpoint.core.lifecycle import State
from chekpoint.hub.importing.columns import Chosen
from chekpoint.hub.importing.keeping import Held, Result, Twice, Wish, compare, look_into, take
from chekpoint.hub.importing.plan import Surroundings
from chekpoint.store import imports, ofd_records
from chekpoint.store.tables import audit
from chekpoint.store.tables_watch import imported, ofd_record
from tests.unit.books_bench import Books, opened
from tests.unit.test_importing_rows import HEAD, ROW

pytestmark = pytest.mark.anyio
AROUND = Surroundings(ZoneInfo("Europe/Moscow"))
WISH = Wish("ofd", "выгрузка.csv", "admin", "Кабинет")
FN = "9999078900001111"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/books.db"
    else:
        yield request.getfixturevalue("pg_database")


@pytest.fixture
async def books(database: str) -> AsyncIterator[Books]:
    async with opened(database) as made:
        yield made


async def bring(books: Books, text: str, wish: Wish = WISH, chosen: Chosen | None = None) -> Result:
    content = text.encode("cp1251")
    made = await look_into(books.store, wish.kind, content, AROUND, chosen)
    return await take(books.store, books.keys, wish, content, made)


def register_of(count: int) -> str:
    lines = (ROW.replace(";7;", f";{n};") for n in range(1, count + 1))
    return "\n".join([HEAD, *lines]) + "\n"


async def test_a_register_is_kept_once_however_often_it_comes(books: Books) -> None:
    done = await bring(books, register_of(1201))
    assert (done.fresh, done.known, done.bad, done.imported.rows) == (1201, 0, 0, 1201)
    with pytest.raises(Twice):
        await bring(books, register_of(1201))
    again = await bring(books, register_of(1201), WISH._replace(again=True))
    assert (again.fresh, again.known, again.changed) == (0, 1201, 0)
    wider = await bring(books, register_of(1202))  # an export of a longer period
    assert (wider.fresh, wider.known) == (1, 1201)
    assert len(await books.rows(ofd_record)) == 1202
    found = await books.store.read(lambda tx: ofd_records.of_document(tx, FN, 7))
    assert [(one.total, one.evidence) for one in found] == [(123_450, "выгрузка.csv, 8")]
    assert {row["source"] for row in await books.rows(ofd_record)} == {"import:Кабинет"}


async def test_one_bad_row_keeps_everything_out_unless_a_person_chooses_otherwise(books: Books) -> None:
    text = register_of(3) + ROW.replace("1 234,50", "сколько-то") + "\n"
    with pytest.raises(Unfit, match="строк с ошибками: 1"):
        await bring(books, text)
    assert await books.rows(ofd_record) == []
    assert await books.store.read(imports.last) == []
    done = await bring(books, text, WISH._replace(without_bad=True))
    assert (done.fresh, done.bad) == (3, 1)


async def test_a_mapping_is_remembered_for_the_same_headers(books: Books) -> None:
    text = register_of(2).replace("Заводской № ФН", "Накопитель").replace(", руб.", "")
    chosen = Chosen(columns={1: "fn"}, unit="rub")
    with pytest.raises(Unfit, match="Номер ФН"):
        await bring(books, text)
    await bring(books, text, chosen=chosen)
    done = await bring(books, text + ROW.replace(";7;", ";3;") + "\n")
    assert (done.fresh, done.known) == (1, 2)


async def test_payments_of_a_file_are_covered_by_receipts_and_told_once(books: Books) -> None:
    head = "Номер платежа;Номер заказа;Дата оплаты;Сумма, руб.\n"
    line = "p{0};{0};24.11.2026 12:00;100,00\n"
    wish = Wish("payments", "эквайринг.csv", "admin", "Банк")
    await books.accept(books.sale("1"))
    await books.becomes("1", State.FISCALISED)
    done = await bring(books, head + line.format(1) + line.format(2), wish)
    assert (done.fresh, done.known) == (2, 0)
    await books.bind()
    assert [state for _, state in await books.gaps()] == [None]
    more = await bring(books, head + line.format(2) + line.format(3), wish)
    assert (more.fresh, more.known) == (1, 1)
    other = await bring(books, head + line.format(3).replace("100", "200"), wish)
    assert (other.fresh, other.known, other.changed) == (0, 0, 1)


async def test_a_check_that_a_site_wanted_is_covered_by_the_receipt_of_that_check(books: Books) -> None:
    text = "ID;Дата создания;Сумма, руб.\n17;24.11.2026 12:00;100\n18;24.11.2026 12:00;100\n"
    await books.accept(books.sale("check-17"))
    await books.becomes("check-17", State.FISCALISED)
    assert (await bring(books, text, Wish("checks", "чеки.csv", "admin"))).fresh == 2
    await books.bind()
    assert [state for _, state in await books.gaps()] == [None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "\n", "ни одной строки"),
        (HEAD.replace(", руб.", "") + "\n" + ROW + "\n", "рубли или копейки"),
        (HEAD.replace("№ ФД", "Документ №") + "\n" + ROW + "\n", "Номер ФД"),
    ],
)
async def test_what_is_not_understood_is_said_and_nothing_is_written(
    books: Books, text: str, words: str
) -> None:
    with pytest.raises(Unfit, match=words):
        await bring(books, text)
    assert await books.rows(imported) == []


async def test_every_import_is_in_the_audit(books: Books) -> None:
    await bring(books, register_of(1))
    told = await books.rows(audit)
    assert [(row["who"], row["verb"], row["reason"]) for row in told] == [
        ("admin", "file_imported", "выгрузка.csv")
    ]


async def test_a_file_is_held_against_the_journal_and_what_it_lacks_is_a_mismatch(books: Books) -> None:
    for number in (1, 2, 3):
        await books.sign(FN, number, total=123_450, made_at="2026-11-24T12:30:15", sign="0012345678")
    books.clock.wind(2 * 86_400)
    other = ROW.replace(";7;", ";4;").replace("1 234,50", "77,00")
    content = f"{register_of(2)}{other}\n".encode("cp1251")
    made = await look_into(books.store, "ofd", content, AROUND)
    await take(books.store, books.keys, WISH, content, made)
    assert await compare(books.post, WISH._replace(complete=False), made) == [
        Held(FN, "2026-11-24", "2026-11-24", 1, 3, 3, 2)
    ]
    assert await books.mismatches() == [("missing_here", f"{FN}/4")]
    await compare(books.post, WISH, made)
    assert await books.mismatches() == [("missing_here", f"{FN}/4"), ("missing_there", f"{FN}/3")]


async def test_a_drive_that_the_hub_does_not_know_is_kept_and_said_to_be_unknown(books: Books) -> None:
    content = register_of(2).encode("cp1251")
    made = await look_into(books.store, "ofd", content, AROUND)
    await take(books.store, books.keys, WISH, content, made)
    assert [one.days for one in await compare(books.post, WISH, made)] == [0]
    assert await books.mismatches() == []
