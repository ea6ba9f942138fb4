"""The same request by the same tenant gets the same answer, and nobody else does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stack_bench import asking, key_with, text_of

from freehold.ground.errors import AllFailed, ProviderBroken, ProviderUnreachable
from freehold.ground.units import Seconds
from freehold.stack.cache import CachePolicy, ExactCache, Kept
from freehold.testing import FakeProvider
from freehold.testing.fake_provider import breaks, fails, fake_offer, says
from freehold.words.asks import Ask, ComputeRequirements, Privacy, Upload
from freehold.words.dialects import Dialect
from freehold.words.receipts import Outcome

OFFER = fake_offer("any")
NOW = 1000.0


def cache(**details: Any) -> ExactCache:
    return ExactCache(CachePolicy(**details))


def kept(size: int = 10, at: float = NOW) -> Kept:
    return Kept(body=b"x" * size, content_type="application/json", offer=OFFER, at=at)


def sure(**fields: Any) -> Ask:
    return asking(**{"temperature": 0, **fields})


def key(ask: Ask, wish: bool | None = None, **policy: Any) -> bytes:
    found = cache(**policy).key(ask, wish)
    assert found is not None
    return found


@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
def test_a_temperature_of_zero_makes_a_request_sure(zero: float) -> None:
    assert cache().key(sure(temperature=zero), None) is not None


@pytest.mark.parametrize("fields", [{}, {"temperature": 0.1}, {"temperature": 1}, {"temperature": None}])
def test_answers_left_to_chance_are_not_kept_unless_asked_for(fields: dict[str, Any]) -> None:
    assert cache().key(asking(**fields), None) is None
    assert cache().key(asking(**fields), True) is not None
    assert cache(include_sampling=True).key(asking(**fields), None) is not None


def test_embeddings_leave_nothing_to_chance() -> None:
    assert cache().key(asking(dialect=Dialect.EMBEDDINGS, input="a"), None) is not None


def test_the_clients_wish_goes_first() -> None:
    assert cache().key(sure(), False) is None
    assert cache(enabled=False).key(sure(), None) is None
    assert cache(enabled=False).key(sure(), True) is not None


@pytest.mark.parametrize(
    "other",
    [
        sure(owner="someone else"),
        sure(messages=[{"role": "user", "content": "Hello!"}]),
        sure(seed=1),
        sure(stream=True),
        sure(requirements=ComputeRequirements(privacy=Privacy.LOCAL)),
        sure(dialect=Dialect.MESSAGES, messages=[{"role": "user", "content": "Hello."}]),
        sure(stream=True, stream_options={"include_usage": True}),
    ],
)
def test_what_changes_the_answer_changes_the_key(other: Ask) -> None:
    assert key(sure()) != key(other)


def test_the_model_is_part_of_the_key() -> None:
    assert key(sure(model="a")) == key(sure(model="a"))
    one, other = (msgspec.structs.replace(sure(), fields={"model": msgspec.Raw(b'"%b"' % m)}) for m in (b"a", b"b"))
    assert cache().key(one, True) != cache().key(other, True)


def test_what_does_not_change_the_answer_does_not_change_the_key() -> None:
    assert key(sure()) == key(sure(user="me", metadata={"a": "b"}, store=True, service_tier="flex"))


def test_order_and_white_space_do_not_matter() -> None:
    one = msgspec.structs.replace(
        sure(), fields={"a": msgspec.Raw(b'{"x":1,"y":[1,2]}'), "temperature": msgspec.Raw(b"0")}
    )
    other = msgspec.structs.replace(
        sure(), fields={"temperature": msgspec.Raw(b" 0 "), "a": msgspec.Raw(b'{ "y": [1, 2], "x": 1 }')}
    )
    assert key(one) == key(other)


def test_files_are_part_of_the_key() -> None:
    asks = [
        msgspec.structs.replace(
            asking(dialect=Dialect.TRANSCRIPTIONS), upload=Upload(filename="a", content_type="b", data=data)
        )
        for data in (b"one", b"two")
    ]
    assert key(asks[0]) != key(asks[1])


def test_an_entry_is_good_for_its_time_and_kept_beyond_it() -> None:
    held = cache(ttl=Seconds(60))
    held.put(b"k", kept())
    assert held.get(b"k", NOW + 60) is not None
    assert held.get(b"k", NOW + 60.1) is None
    assert held.get(b"k", NOW + 1e9, stale=True) is not None
    assert held.get(b"other", NOW) is None


def test_least_recently_used_goes_first() -> None:
    held = cache(max_bytes=16_384)  # an entry may take 2048
    for name in (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"):
        held.put(name, kept(1536))
    assert held.get(b"a", NOW) is not None
    held.put(b"i", kept(1536))
    assert held.get(b"a", NOW) is not None
    assert held.get(b"b", NOW) is None


def test_what_is_too_big_is_not_kept_and_does_no_harm() -> None:
    held = cache(max_bytes=8000)
    held.put(b"small", kept(10))
    held.put(b"big", kept(1000))
    assert held.get(b"big", NOW) is None
    assert held.get(b"small", NOW) is not None


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3000), st.booleans()), max_size=60),
    st.integers(0, 20_000),
)
def test_it_never_holds_more_than_its_room(puts: list[tuple[int, int, bool]], room: int) -> None:
    held = cache(max_bytes=room)
    for name, size, look in puts:
        held.put(b"%d" % name, kept(size))
        if look:
            held.get(b"%d" % (name // 2), NOW)
        assert held.bytes <= room
        assert held.bytes == sum(len(each.body) + 512 for each in held._kept.values())
        assert len(held) == len(held._kept)


async def test_a_second_request_is_answered_from_memory_at_no_cost(make_bench) -> None:
    provider = FakeProvider()
    bench = make_bench(provider, cache=CachePolicy())
    one, other = await bench.said(sure()), await bench.said(sure())
    assert one == other
    assert len(provider.heard) == 1
    first, second = bench.receipts
    assert (first.cached, second.cached) == (False, True)
    assert first.usd
    assert (second.usd, second.usage.total, second.attempts, second.provider) == (0.0, 0, (), "fake")


async def test_tenants_do_not_see_each_others_answers(make_bench) -> None:
    provider = FakeProvider()
    bench = make_bench(provider, cache=CachePolicy())
    one, other = key_with(), key_with()
    for who in (one, other, one):
        await bench.said(sure(owner=who.id), who)
    assert len(provider.heard) == 2


async def test_streams_are_kept_once_they_have_ended_well(make_bench) -> None:
    provider = FakeProvider().script(breaks(), says("All of it."))
    bench = make_bench(provider, cache=CachePolicy())
    with pytest.raises(ProviderBroken):
        await bench.said(sure(stream=True))
    whole = await bench.said(sure(stream=True))
    again = await bench.said(sure(stream=True))
    assert whole == again
    assert len(provider.heard) == 2
    assert [receipt.cached for receipt in bench.receipts] == [False, False, True]


async def test_when_nobody_can_be_reached_an_old_answer_beats_none(make_bench) -> None:
    provider = FakeProvider().script(says("from before"))
    bench = make_bench(provider, cache=CachePolicy(ttl=Seconds(0.0)))
    await bench.said(sure())
    provider.script(fails(ProviderUnreachable("gone")))
    assert text_of(await bench.said(sure())) == "from before"
    receipt = bench.receipts[-1]
    assert receipt.cached
    assert receipt.outcome is Outcome.OK
    assert {attempt.outcome for attempt in receipt.attempts} == {Outcome.FAILED}
    with pytest.raises(AllFailed):
        await bench.said(sure(seed=5))
