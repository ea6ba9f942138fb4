"""What the configuration says about a provider is what its offers and requests are made of."""

from __future__ import annotations

import pytest

from freehold.app.config import load_text
from freehold.app.hiring import Hired, hire_all
from freehold.compute.upstream.opening import open_upstream
from freehold.words.dialects import Capability
from freehold.words.offers import Offer, Place

BOX = """\
[providers.box]
base_url = "http://10.0.0.2:8000/v1"
like = "self_hosted"
models = ["qwen"]
region = "eu"
retention_days = 0
context = 1000
max_output = 100
parameters = 8e9
watts = 300
preference = -1
capabilities = ["chat", "vision"]
[prices."box/*"]
input = 0.1
output = 0.2
[prices."box/other"]
input = 9
output = 9
"""


async def hired(text: str, **environment: str) -> Hired:
    settings = load_text(text, environment=environment).settings
    upstream = open_upstream()
    (found,) = hire_all(settings, upstream=upstream, find_price=lambda provider, model: None)
    await upstream.aclose()
    return found


async def test_every_statement_about_a_provider_reaches_its_offers() -> None:
    box = await hired(BOX)
    (offer,) = box.provider.offers()
    assert isinstance(offer, Offer)
    assert (offer.name, offer.place, offer.region, offer.retention_days) == ("box/qwen", Place.OWN, "eu", 0)
    assert (offer.context, offer.max_output, offer.parameters, offer.watts) == (1000, 100, 8e9, 300)
    assert offer.preference == -1
    assert offer.capabilities == {Capability.CHAT, Capability.VISION}
    assert offer.price is not None
    assert (offer.price.input, offer.price.output) == (0.1, 0.2)


def test_a_price_by_name_comes_before_one_by_pattern() -> None:
    settings = load_text(BOX, environment={}).settings
    exact, pattern = settings.price_of("box/other"), settings.price_of("box/any")
    assert exact is not None and exact.input == 9
    assert pattern is not None and pattern.input == 0.1
    assert settings.price_of("elsewhere/other") is None


async def test_the_parts_of_an_address_are_filled_in() -> None:
    text = '[providers.runpod]\nkey = "env:K"\nmodels = ["m"]\nparts = { endpoint_id = "abc123" }\n'
    runpod = await hired(text, K="x")
    assert "api.runpod.ai/v2/abc123/openai/v1" in repr(vars(runpod.provider))


@pytest.mark.parametrize("dialects", ['["chat"]', '["messages", "count_tokens"]'])
async def test_only_the_stated_dialects_are_spoken(dialects: str) -> None:
    box = await hired(f'[providers.box]\nbase_url = "http://10.0.0.2/v1"\nmodels = ["m"]\ndialects = {dialects}\n')
    (offer,) = box.provider.offers()
    assert sorted(offer.dialects) == sorted(eval(dialects))
