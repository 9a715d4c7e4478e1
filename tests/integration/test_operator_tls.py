"""Accounts of operators behind a certificate of an authority that the machine does not know, as some really are."""

import pytest

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.ofd.fns import Fns, FnsConfig
from tests.contract.operator_bench import INN, world_of
from tests.contract.orange_data_bench import papers
from tests.contract.test_operator_contract import BENCHES

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", BENCHES)
async def test_authority_of_the_settings_is_trusted_and_an_unknown_one_is_not(name: str) -> None:
    known = papers()
    tls = {"ssl_keyfile": str(known.server_key), "ssl_certfile": str(known.server_cert)}
    async with world_of(BENCHES[name], **tls) as world:
        assert len(await world.seen(ca_file=str(known.ca))) == len(world.listed)
        with pytest.raises(RegisterBlocked, match="ca_file") as caught:
            await world.seen()
        assert caught.value.reason is BlockReason.CONFIGURATION


async def test_the_tax_service_tells_of_its_certificate_too() -> None:
    known = papers()
    tls = {"ssl_keyfile": str(known.server_key), "ssl_certfile": str(known.server_cert)}
    async with world_of(BENCHES["first_ofd"], **tls) as world:  # any service behind such a certificate
        client = Fns(FnsConfig(inn=INN, master_token="x", base_url=world.url), SystemClock())
        with pytest.raises(RegisterBlocked, match="ca_file") as caught:
            await client.admitted()
        await client.aclose()
        assert caught.value.reason is BlockReason.CONFIGURATION
