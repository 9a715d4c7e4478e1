"""Names and keyed hashes that must stay what they are: databases and registers hold them."""

import hmac
from uuid import UUID, uuid5

import pytest

from chekpoint.hub.content import keyed_hash
from chekpoint.hub.names import attempt_id


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64, 65, 200])
def test_a_repeat_is_not_taken_for_another_content_because_the_hash_changed(length: int) -> None:
    secret, message = bytes(range(length)), b"buyer" * length
    assert keyed_hash(secret, message) == hmac.digest(secret, message, "sha256")


def test_a_register_knows_an_attempt_under_the_id_it_always_had() -> None:
    space = UUID("54f25400-0000-4000-8000-000000000001")
    assert attempt_id("abcdefghijklmnop", 3) == str(uuid5(space, "abcdefghijklmnop/3"))
