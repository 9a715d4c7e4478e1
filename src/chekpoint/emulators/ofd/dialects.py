"""The account APIs of one emulated operator side by side: the same archive in the dialect of each real service."""

from starlette.routing import Mount

from chekpoint.emulators.ofd.account import account_app
from chekpoint.emulators.ofd.cabinet import Account
from chekpoint.emulators.ofd.first_ofd import first_ofd_app
from chekpoint.emulators.ofd.kontur import kontur_app
from chekpoint.emulators.ofd.taxcom import taxcom_app


def account_routes(account: Account) -> list[Mount]:
    """A prefix for each dialect; OFD.ru's has none, as its paths begin with ``/api``."""
    return [
        Mount("/first-ofd", first_ofd_app(account)),
        Mount("/kontur", kontur_app(account)),
        Mount("/taxcom", taxcom_app(account)),
        Mount("/", account_app(account)),
    ]
