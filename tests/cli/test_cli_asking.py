"""`freehold ask`, `explain`, `models` and `receipts`, worked out in this process by plain code."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import Cli


def test_an_answer_comes_without_a_gateway_and_leaves_a_receipt(cli: Cli) -> None:
    shown = cli("ask", "what is 2+2")
    assert (shown.code, shown.out) == (0, "4\n")
    (line,) = cli("receipts", "--json").out.splitlines()
    receipt = json.loads(line)
    assert (receipt["provider"], receipt["outcome"], receipt["usd"]) == ("code", "ok", 0.0)
    assert receipt["id"] in cli("receipts").out
    shown = cli("receipts", "show", receipt["id"])
    assert "code/exact" in shown.out
    assert json.loads(cli("receipts", "show", receipt["id"], "--json").out) == receipt


def test_a_question_may_be_piped_in_or_stand_in_a_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("what is 6 * 7\n")
    assert cli("ask", "-f", "a.txt").out == "42\n"
    assert cli("ask", stdin="what is 6 * 8\n").out == "48\n"


def test_json_is_a_piece_a_line(cli: Cli) -> None:
    pieces = [json.loads(line) for line in cli("ask", "what is 2+2", "--json").out.splitlines()]
    assert "".join(piece["text"] for piece in pieces) == "4"
    assert pieces[-1]["finish_reason"] == "stop"


def test_a_question_nobody_can_answer_ends_in_an_error(cli: Cli) -> None:
    shown = cli("ask", "tell me a joke")
    assert shown.code == 6
    assert shown.out == ""
    assert "No offer can serve this request." in shown.err


def test_no_question_is_a_usage_error(cli: Cli) -> None:
    assert cli("ask").code == 2
    assert cli("ask", "x", "--local", "--privacy", "any").code == 2
    assert cli("ask", "x", "-f", "missing").code == 3


def test_explain_says_who_and_why(cli: Cli) -> None:
    shown = cli("explain", "what is 2+2")
    assert "code/exact" in shown.out
    assert "plain code: exact, free, or silent" in shown.out
    plan = json.loads(cli("explain", "what is 2+2", "--needs", "vision", "--json").out)
    assert plan["choices"] == []
    assert plan["rejected"][0]["why"] == "it cannot do: vision"
    assert cli("explain", "x", "--needs", "magic").code == 3


def test_models_lists_offers_providers_and_what_can_be_pulled(cli: Cli) -> None:
    assert "code/exact" in cli("models").out
    assert [offer["model"] for offer in json.loads(cli("models", "--json").out)] == ["exact"]
    known = {provider["name"]: provider for provider in json.loads(cli("models", "--providers", "--json").out)}
    assert known["openai"]["key_variables"] == ["OPENAI_API_KEY"]
    assert known["openai"]["key_set"] is False
    names = [model["name"] for model in json.loads(cli("models", "--pullable", "--json").out)]
    assert "smollm2-135m-instruct" in names
    assert "smollm2-135m-instruct" in cli("models", "--pullable").out


def test_a_model_on_this_disk_is_pulled_and_removed(cli: Cli, tmp_path: Path) -> None:
    from freehold.testing.tiny_gguf import write_tiny_gguf

    write_tiny_gguf(tmp_path / "tiny.gguf")
    assert "tiny is here" in cli("pull", "./tiny.gguf").out
    assert "local/tiny" in cli("models").out
    assert cli("pull", "tiny", "--remove").out == "tiny is removed.\n"
    assert cli("pull", "tiny", "--remove").out == "tiny was not here.\n"
    assert cli("pull").code == 2
    assert cli("pull", "nonsense").code == 3


def test_receipts_are_filtered_and_summed(cli: Cli) -> None:
    cli("ask", "what is 2+2")
    cli("ask", "tell me a joke")
    outcomes = [json.loads(line)["outcome"] for line in cli("receipts", "--json").out.splitlines()]
    assert outcomes == ["ok", "failed"]
    (failed,) = cli("receipts", "--json", "--outcome", "failed", "--since", "1h").out.splitlines()
    assert json.loads(failed)["error"] == "nothing_fits"
    sums = [json.loads(line) for line in cli("receipts", "--totals", "outcome", "--json").out.splitlines()]
    assert {total["group"]: total["requests"] for total in sums} == {"ok": 1, "failed": 1}
    assert cli("receipts", "--totals", "day").code == 0
    assert cli("receipts", "--follow", "--totals", "day").code == 2
    assert cli("receipts", "show", "req_none").code == 3
    assert cli("receipts", "--owner", "nobody").code == 3
