"""The commands; the only place that starts processes. Each command imports what it needs when it runs."""

import typer

from chekpoint.cli import agent as _agent
from chekpoint.cli import bitrix as _bitrix
from chekpoint.cli import book as _book
from chekpoint.cli import channels as _channels
from chekpoint.cli import check as _check
from chekpoint.cli import days as _days
from chekpoint.cli import decode as _decode
from chekpoint.cli import demo as _demo
from chekpoint.cli import doctor as _doctor
from chekpoint.cli import emulate as _emulate
from chekpoint.cli import emulate_atol_online as _emulate_atol_online
from chekpoint.cli import emulate_bitrix as _emulate_bitrix
from chekpoint.cli import emulate_fns as _emulate_fns
from chekpoint.cli import emulate_komtet as _emulate_komtet
from chekpoint.cli import emulate_modulkassa as _emulate_modulkassa
from chekpoint.cli import emulate_orange_data as _emulate_orange_data
from chekpoint.cli import emulate_shop_front as _emulate_shop_front
from chekpoint.cli import emulate_shtrih as _emulate_shtrih
from chekpoint.cli import emulate_telegram as _emulate_telegram
from chekpoint.cli import incidents as _incidents
from chekpoint.cli import operators as _operators
from chekpoint.cli import payments as _payments
from chekpoint.cli import pools as _pools
from chekpoint.cli import receipts as _receipts
from chekpoint.cli import registers as _registers
from chekpoint.cli import serve as _serve
from chekpoint.cli import setup as _setup
from chekpoint.cli import shops as _shops
from chekpoint.cli import sites as _sites
from chekpoint.cli import watch as _watch

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Chekpoint: чек от оплаты до налоговой, с доказательствами / receipts from payment to the tax service, proven.",
)
app.command()(_serve.serve)
app.command()(_demo.demo)
app.command()(_receipts.submit)
app.command()(_receipts.receipts)
app.command()(_doctor.doctor)
app.command()(_doctor.verify)
app.command()(_doctor.restored)
app.command()(_check.check)
app.command()(_decode.decode)

_registers_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Кассы / registers")
_registers_app.command("add")(_registers.add)
_registers_app.command("list")(_registers.list_)
_registers_app.command("write-off")(_registers.write_off)
_registers_app.command("status")(_registers.status)
_registers_app.command("day")(_days.day)
_registers_app.command("ask")(_days.ask)
_registers_app.command("switch")(_days.switch)
_registers_app.command("totals")(_days.totals)
app.add_typer(_registers_app, name="registers")

app.command()(_agent.agent)
app.add_typer(_agent.agents_app, name="agents")
app.add_typer(_pools.pools_app, name="pools")
app.add_typer(_shops.shops_app, name="shops")
app.add_typer(_sites.sites_app, name="sites")
app.add_typer(_channels.channels_app, name="channels")
app.add_typer(_incidents.incidents_app, name="incidents")

_payments_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Платежи: оплачено, а чека нет / payments without receipts",
)
_payments_app.command("list")(_payments.list_)
_payments_app.command("import")(_payments.import_)
app.add_typer(_payments_app, name="payments")

_reconcile_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Сверка: файлы кабинетов и бухгалтерии / reconciliation"
)
_reconcile_app.command("import")(_payments.import_file)
_reconcile_app.command("export")(_book.export)
app.add_typer(_reconcile_app, name="reconcile")

_setup_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Продавцы, магазины, ключи / sellers, shops, keys"
)
_setup_app.command("seller")(_setup.seller)
_setup_app.command("shop")(_setup.shop)
_setup_app.command("key")(_setup.key)
_setup_app.command("revoke")(_setup.revoke)
_setup_app.command("ofd")(_operators.ofd)
_setup_app.command("password")(_setup.password)
app.add_typer(_setup_app, name="setup")

_bitrix_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Сайты 1С-Битрикс / 1C-Bitrix sites"
)
_bitrix_app.command("connect")(_bitrix.connect)
_bitrix_app.command("sites")(_bitrix.sites)
_bitrix_app.command("rules")(_bitrix.rules)
app.add_typer(_bitrix_app, name="bitrix")

app.command("watch")(_watch.watch)

_emulate_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Тестовые двойники касс и ОФД / test doubles"
)
_emulate_app.command("register")(_emulate.register)
_emulate_app.command("ofd")(_emulate.ofd)
_emulate_app.command("fns")(_emulate_fns.fns)
_emulate_app.command("bitrix")(_emulate_bitrix.bitrix)
_emulate_app.command("atol-online")(_emulate_atol_online.atol_online)
_emulate_app.command("komtet")(_emulate_komtet.komtet)
_emulate_app.command("modulkassa")(_emulate_modulkassa.modulkassa)
_emulate_app.command("orange-data")(_emulate_orange_data.orange_data)
_emulate_app.command("shop-front")(_emulate_shop_front.shop_front)
_emulate_app.command("shtrih")(_emulate_shtrih.shtrih)
_emulate_app.command("telegram")(_emulate_telegram.telegram)
app.add_typer(_emulate_app, name="emulate")


def main() -> None:
    """The console script."""
    app()
