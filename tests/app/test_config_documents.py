"""What is handed to people and editors is itself right: the starter file and the schema."""

from __future__ import annotations

import re
import tomllib

import jsonschema_rs

from freehold.app.config import load_text
from freehold.app.config.schema import json_schema
from freehold.app.config.starter import starter
from freehold.app.settings import Settings

VENDORS = ("OPENAI", "ANTHROPIC", "ZAI", "GROQ", "OPENROUTER")
ENVIRONMENT = {f"{vendor}_API_KEY": "x" for vendor in VENDORS}


def uncommented(text: str) -> str:
    """The starter file with every key switched on; prose stays a comment."""
    return re.sub(r"^# (?=\[|\"?[\w*-]+\"? = )", "", text, flags=re.MULTILINE)


def test_the_starter_file_changes_nothing() -> None:
    assert load_text(starter(), environment={}).settings == Settings()


def test_the_starter_file_holds_every_default() -> None:
    settings = load_text(uncommented(starter()), environment=ENVIRONMENT).settings
    written = tomllib.loads(uncommented(starter()))
    for section in ("server", "deadlines", "retry", "breaker", "stream", "cache"):
        assert getattr(settings, section) == getattr(Settings(), section)
    for section in Settings.__struct_fields__[:10]:
        assert set(written[section]) == set(type(getattr(settings, section)).__struct_fields__)
    assert settings.aliases["gpt-*"] == ("openai/*",)


def test_the_schema_is_valid_and_accepts_what_the_checker_accepts() -> None:
    schema = json_schema()
    jsonschema_rs.meta.validate(schema)
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid(tomllib.loads(uncommented(starter())))
    assert not validator.is_valid({"server": {"prot": 80}})
    assert not validator.is_valid({"server": {"port": -1}})
    assert not validator.is_valid({"providers": {"x": {"place": "lokal"}}})


def test_the_schema_describes_every_key() -> None:
    server = json_schema()["$defs"]["ServerSettings"]["properties"]
    assert server["port"]["description"] == "TCP port; 0 takes any free one."
    assert all("description" in key for key in server.values())
