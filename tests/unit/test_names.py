"""Names and keyed hashes that must stay what they are: databases and registers hold them."""

import hmac
from random import Random
from uuid import RFC_4122, UUID, uuid5

import pytest

from chekpoint.hub.content import keyed_hash
from chekpoint.hub.names import Keys, attempt_id
from tests.doubles.hand_clock import HandClock


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64, 65, 200])
def test_a_repeat_is_not_taken_for_another_content_because_the_hash_changed(length: int) -> None:
    secret, message = bytes(range(length)), b"buyer" * length
    assert keyed_hash(secret, message) == hmac.digest(secret, message, "sha256")


def test_a_register_knows_an_attempt_under_the_id_it_always_had() -> None:
    space = UUID("54f25400-0000-4000-8000-000000000001")
    assert attempt_id("abcdefghijklmnop", 3) == str(uuid5(space, "abcdefghijklmnop/3"))


def test_keys_grow_in_the_order_of_asking_within_a_millisecond_and_when_the_clock_is_put_back() -> None:
    clock = HandClock()
    keys = Keys(clock, Random(5))
    made = [keys.new() for _ in range(500)]
    clock.wind(-3600)
    made += [keys.new() for _ in range(500)]
    clock.wind(7200)
    made.append(keys.new())
    assert made == sorted(set(made))
    assert {(len(key), key[12], UUID(key).variant) for key in made} == {(32, "7", RFC_4122)}
