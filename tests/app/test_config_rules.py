"""Every rule says, at the right line, what is wrong and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.app.config import ConfigRejected, load_text
from freehold.app.config.rules import RULES

KEY = {"OPENAI_API_KEY": "sk-test", "NAME": "secret"}

CASES: dict[str, list[tuple[str, str]]] = {
    "no_remote_without_a_key": [
        (
            '[server]\nhost = "0.0.0.0"',
            "freehold.toml:2:1: server.host: 0.0.0.0 lets in anyone who can reach this machine."
            " Allowed: 127.0.0.1, or any address together with require_key = true.",
        ),
    ],
    "what_is_off_has_no_settings": [
        (
            "[cache]\nenabled = false\nttl = 60",
            "freehold.toml:3:1: cache.ttl: it does nothing, because cache.enabled is false."
            " Allowed: remove it, or switch the section on.",
        ),
    ],
    "telemetry_goes_somewhere": [
        (
            '[telemetry]\nservice_name = "x"',
            "freehold.toml:2:1: telemetry.service_name: it does nothing without an endpoint."
            ' Allowed: endpoint = "http://127.0.0.1:4318".',
        ),
        (
            '[telemetry]\nendpoint = "127.0.0.1:4318"',
            "freehold.toml:2:1: telemetry.endpoint: not an address. Allowed: http://host:port or https://host.",
        ),
    ],
    "the_database_is_one_we_know": [
        (
            '[receipts]\ndatabase = "mysql://root:hunter2@db/x"',
            "freehold.toml:2:1: receipts.database: not a database that Freehold knows."
            " Allowed: a path, or postgresql://user@host/name.",
        ),
    ],
    "local_models_exist": [
        (
            '[local.models]\ntiny = "/no/such.gguf"',
            "freehold.toml:2:1: local.models.tiny: there is no file /no/such.gguf. Allowed: an existing GGUF file.",
        ),
    ],
    "deadlines_fit_into_the_total": [
        (
            "[deadlines]\ntotal = 30\nfirst_byte = 40",
            "freehold.toml:3:1: deadlines.first_byte: 40 s never pass, because deadlines.total is 30 s."
            " Allowed: at most 30.",
        ),
        (
            "[providers.openai]\ndeadlines = { connect = 700 }",
            "freehold.toml:2:15: providers.openai.deadlines.connect: 700 s never pass, because deadlines.total is 600 s."
            " Allowed: at most 600.",
        ),
    ],
    "the_total_allows_a_connection": [
        (
            "[deadlines]\ntotal = 3",
            "freehold.toml:2:1: deadlines.total: shorter than deadlines.connect (5 s)."
            " Allowed: 5 or more, or state a shorter connect as well.",
        ),
    ],
    "retries_add_up": [
        (
            "[retry]\nattempts = 9",
            "freehold.toml:2:1: retry.attempts: attempts (9) is more than max_attempts (6) lets happen."
            " Allowed: attempts <= max_attempts.",
        ),
        (
            "[retry]\nbackoff_cap = 0.1",
            "freehold.toml:2:1: retry.backoff_cap: backoff (0.25 s) is more than backoff_cap (0.1 s) lets happen."
            " Allowed: backoff <= backoff_cap.",
        ),
    ],
    "breakers_rest_within_bounds": [
        (
            "[breaker]\nopen_seconds = 400",
            "freehold.toml:2:1: breaker.open_seconds: open_seconds (400) is more than max_open_seconds (300) lets happen."
            " Allowed: open_seconds <= max_open_seconds.",
        ),
    ],
    "hedging_has_someone_to_ask": [
        (
            "[hedge]\nafter = 1\n[local]\nenabled = false\ndiscovery = false",
            "freehold.toml:2:1: hedge.after: there is no second provider to ask. Allowed: remove it, or add a provider.",
        ),
        (
            "[hedge]\nafter = 200",
            "freehold.toml:2:1: hedge.after: 200 s never pass, because waiting for a first byte ends after 120 s."
            " Allowed: less than 120.",
        ),
    ],
    "provider_names_can_be_written_in_a_model_name": [
        (
            '[providers."my box"]\nbase_url = "http://127.0.0.1:1/v1"',
            'freehold.toml:1:12: providers."my box": not a name for a provider.'
            " Allowed: letters, digits, dots, dashes and underscores.",
        ),
        (
            '[providers.local]\nbase_url = "http://127.0.0.1:1/v1"',
            "freehold.toml:1:12: providers.local: this name is taken. Allowed: any other name.",
        ),
    ],
    "like_names_a_row": [
        (
            '[providers.box]\nbase_url = "http://10.0.0.2/v1"\nlike = "vlm"',
            "freehold.toml:3:1: providers.box.like: no known provider has that name. Allowed: zai, openrouter, together,"
            " openai, deepseek, groq, mistral, gemini, anthropic, runpod, vast, lambda, self_hosted, ollama, vllm, sglang,"
            ' llamacpp, lmstudio, openai-compatible. Did you mean "vllm"?',
        ),
    ],
    "every_provider_has_an_address": [
        (
            "[providers.opnai]",
            "freehold.toml:1:12: providers.opnai: there is no way to reach it."
            ' Allowed: base_url = "http://host:port/v1". Did you mean "openai"?',
        ),
        (
            '[providers.box]\nbase_url = "https://user:hunter2@box/v1"',
            "freehold.toml:2:1: providers.box.base_url: not an address of an API."
            " Allowed: http:// or https://, a host, and a path; keys go into `key`.",
        ),
    ],
    "address_parts_are_filled_in": [
        (
            '[providers.runpod]\nkey = "env:NAME"',
            "freehold.toml:1:12: providers.runpod: its address https://api.runpod.ai/v2/<ENDPOINT_ID>/openai/v1 needs"
            ' endpoint_id. Allowed: parts = { endpoint_id = "..." }, or a whole base_url.',
        ),
        (
            '[providers.runpod]\nkey = "env:NAME"\nparts = { endpoint_id = "a/../b" }',
            "freehold.toml:3:11: providers.runpod.parts.endpoint_id: not one part of an address."
            " Allowed: letters, digits, dots and dashes.",
        ),
    ],
    "every_provider_has_its_key": [
        (
            "[providers.groq]",
            "freehold.toml:1:12: providers.groq: it needs a key."
            ' Allowed: the variable GROQ_API_KEY, or key = "env:NAME".',
        ),
        (
            '[providers.openai]\nbase_url = "https://elsewhere.example/v1"',
            "freehold.toml:1:12: providers.openai: it needs a key, which has to be stated because base_url was changed."
            ' Allowed: key = "env:OPENAI_API_KEY".',
        ),
    ],
    "secrets_can_be_read": [
        (
            '[providers.groq]\nkeys = ["env:NAME", "env:NO_SUCH"]',
            "freehold.toml:2:21: providers.groq.keys[1]: environment variable NO_SUCH is not set."
            " Allowed: env:NAME, file:PATH, or the value itself.",
        ),
    ],
    "key_and_keys_are_not_mixed": [
        (
            '[providers.groq]\nkey = "env:NAME"\nkeys = ["env:OPENAI_API_KEY"]',
            "freehold.toml:3:1: providers.groq.keys: `key` is set as well. Allowed: one of the two.",
        ),
    ],
    "places_are_true": [
        (
            '[providers.ollama]\nbase_url = "http://10.0.0.2:11434/v1"',
            "freehold.toml:2:1: providers.ollama.base_url: 10.0.0.2 is not this machine, so the provider is not local."
            ' Allowed: place = "own", "rented" or "cloud".',
        ),
    ],
    "what_is_disabled_has_no_limits": [
        (
            "[providers.openai]\nenabled = false\nrequests_per_minute = 5",
            "freehold.toml:3:1: providers.openai.requests_per_minute: it limits nothing, because the provider is disabled."
            " Allowed: remove it, or enable the provider.",
        ),
    ],
    "headers_can_be_sent": [
        (
            '[providers.openai.headers]\nHost = "x"',
            "freehold.toml:2:1: providers.openai.headers.Host: Freehold writes this header itself.",
        ),
        (
            '[providers.openai.headers]\n"a b" = "x"',
            'freehold.toml:2:1: providers.openai.headers."a b": not a name for a header.',
        ),
    ],
    "aliases_have_usable_names": [
        (
            '[aliases]\nauto = ["local/*"]',
            'freehold.toml:2:1: aliases.auto: this name is taken: "auto" is chosen by Freehold.'
            " Allowed: another name; use `preference` to steer auto.",
        ),
    ],
    "aliases_lead_somewhere": [
        (
            '[aliases]\nfast = ["openai/gpt-4o", "opnai/gpt-4o"]',
            "freehold.toml:2:26: aliases.fast[1]: there is no provider opnai."
            " Allowed: code, llamacpp, lmstudio, local, local-embeddings, local-speech, ollama, openai, sglang, vllm."
            ' Did you mean "openai"?',
        ),
        (
            '[aliases]\nfast = ["groq/x"]',
            "freehold.toml:2:9: aliases.fast[0]: the provider groq is not switched on."
            " Allowed: set GROQ_API_KEY, or add its table.",
        ),
        (
            '[aliases]\nfast = ["openai/x"]\n[providers.openai]\nenabled = false',
            "freehold.toml:2:9: aliases.fast[0]: the provider openai is disabled. Allowed: an enabled provider.",
        ),
    ],
    "aliases_do_not_lead_to_themselves": [
        (
            '[aliases]\nfast = ["slow"]\nslow = ["openai/x"]',
            "freehold.toml:2:9: aliases.fast[0]: an alias cannot stand for another alias."
            " Allowed: provider/model, or a model's name; wildcards are welcome.",
        ),
    ],
    "prices_are_about_someone": [
        (
            '[prices."gpt-4o"]\ninput = 1',
            'freehold.toml:1:9: prices.gpt-4o: it does not say whose price that is. Allowed: "provider/model".',
        ),
        (
            '[prices."openai/gpt-4o"]',
            'freehold.toml:1:9: prices."openai/gpt-4o": it states no price. Allowed: input = 0.5, output = 1.5.',
        ),
    ],
    "price_tiers_ascend": [
        (
            '[prices."openai/x"]\ninput = 1\nabove = [{ tokens = 9, input = 2 }, { tokens = 9, input = 3 }]',
            'freehold.toml:3:39: prices."openai/x".above[1].tokens: tiers have to ascend. Allowed: more than 9.',
        ),
    ],
    "nothing_is_said_twice": [
        (
            '[providers.openai]\nmodels = ["a", "b", "a"]',
            "freehold.toml:2:21: providers.openai.models[2]: it stands in this list already. Allowed: each once.",
        ),
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [pytest.param(*case, id=f"{rule}-{n}") for rule, cases in CASES.items() for n, case in enumerate(cases)],
)
def test_a_broken_rule_is_reported_at_its_line(text: str, expected: str) -> None:
    with pytest.raises(ConfigRejected) as caught:
        load_text(text, environment=KEY)
    assert [str(problem) for problem in caught.value.problems] == [expected]


def test_every_rule_has_a_case() -> None:
    elsewhere = {"written_out_secrets_are_private"}
    assert {rule.__name__ for rule in RULES} == CASES.keys() | elsewhere


def test_a_written_out_secret_needs_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "freehold.toml"
    text = '[providers.openai]\nkey = "sk-hunter2"\nheaders = { x-team = "blue", x-api-key = "hunter3" }\n'
    file.write_text(text)
    file.chmod(0o640)
    with pytest.raises(ConfigRejected) as caught:
        load_text(text, file=file, environment={})
    assert [(p.key, p.what) for p in caught.value.problems] == [
        ("providers.openai.key", "a secret is written out in a file that others can read (mode 0640)"),
        ("providers.openai.headers.x-api-key", "a secret is written out in a file that others can read (mode 0640)"),
    ]
    assert "hunter" not in str(caught.value)
    file.chmod(0o600)
    loaded = load_text(text, file=file, environment={})
    assert loaded.settings.providers["openai"].credentials[0].secret.reveal() == "sk-hunter2"


def test_a_flag_may_switch_a_section_off_for_once() -> None:
    text = "[local]\nthreads = 2\n"
    settings = load_text(text, environment={"FREEHOLD_LOCAL_ENABLED": "false"}).settings
    assert (settings.local.enabled, settings.local.threads) == (False, 2)
