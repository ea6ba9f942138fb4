"""`freehold up`, and the commands that talk to what it starts. Real processes on loopback."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import Cli

from freehold.app.report import StatusReport, read_gateway_file
from freehold.cli.gateway import find_gateway
from freehold.ground.paths import Home

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Starts gateways and sees to their end."""
    begun: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).with_name("freehold")), "up", "--port", "0", "--no-local", *arguments]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        begun.append(process)
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("Freehold listens at http://127.0.0.1:"), line + process.stderr.read()
        return process

    yield run
    for process in begun:
        process.kill()
        process.communicate()


def status(cli: Cli) -> StatusReport:
    shown = cli("status", "--json")
    assert shown.code == 0, shown
    import msgspec

    return msgspec.json.decode(shown.out, type=StatusReport)


def until(cli: Cli, holds: Callable[[StatusReport], bool]) -> StatusReport:
    """The first report of which that holds. Each is a real round trip; the test's own timeout bounds them."""
    while not holds(report := status(cli)):
        pass
    return report


def test_it_answers_is_seen_and_ends_in_order(cli: Cli, home: Path, start: Start) -> None:
    process = start()
    assert cli("ask", "what is 2+2").out == "4\n"
    report = until(cli, lambda report: report.requests.total == 1)
    assert (report.requests.ok, report.pid, report.workers) == (1, process.pid, 1)
    assert {provider.name: provider.requests for provider in report.providers} == {"code": 1}
    assert "1 requests (1 ok" in cli("status").out
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    assert list((home / "state").glob("gateway*")) == []
    assert cli("status").code == 6
    (line,) = cli("receipts", "--json").out.splitlines()
    assert json.loads(line)["outcome"] == "ok"


def test_the_file_that_leads_to_it_is_for_its_owner_alone(home: Path, start: Start) -> None:
    start()
    path = home / "state" / "gateway.json"
    assert path.stat().st_mode & 0o777 == 0o600
    gateway = read_gateway_file(Home(home))
    assert gateway is not None
    assert gateway.token not in repr(gateway) + repr(find_gateway())


def test_the_status_page_wants_the_token(home: Path, start: Start) -> None:
    start()
    gateway = find_gateway()
    assert gateway is not None
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"))
    with suppress(ConnectionError):
        connection.request("GET", "/admin/status", headers={"authorization": "Bearer guess"})
    assert connection.getresponse().status == 401
    connection.close()


def test_top_shows_the_same_once_and_in_a_pipe(cli: Cli, start: Start) -> None:
    start()
    cli("keys", "create", "alice", "--budget", "5usd/day")
    cli("ask", "what is 2+2")
    until(cli, lambda report: report.requests.total == 1)
    shown = cli("top")
    assert shown.code == 0
    for expected in ("1 requests (1 ok", "requests/s", "code/exact", "alice", "$5/day"):
        assert expected in shown.out
    glance = json.loads(cli("top", "--once", "--json").out)
    assert glance["status"]["requests"]["total"] == 1
    assert glance["latest"][0]["provider"] == "code"
    assert glance["budgets"][0]["limit"] == 5.0


def test_an_error_of_the_gateway_ends_in_the_code_of_its_family(cli: Cli, start: Start) -> None:
    start()
    shown = cli("ask", "what is 2+2", "--model", "nobody/nothing")
    assert shown.code == 3
    assert "nobody/nothing" in shown.err
    assert cli("ask", "tell me a joke").code == 6


def test_a_gateway_that_asks_for_a_key_gets_one(
    cli: Cli, home: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREEHOLD_SERVER_REQUIRE_KEY", "true")
    secret = cli("keys", "create", "alice").out.strip()
    start()
    monkeypatch.setenv("FREEHOLD_KEY", "fh-wrong")
    shown = cli("ask", "what is 2+2")
    assert shown.code == 3
    assert "Set FREEHOLD_KEY" in shown.err
    monkeypatch.setenv("FREEHOLD_KEY", secret)
    assert cli("ask", "what is 2+2").out == "4\n"
    until(cli, lambda report: report.requests.ok == 1)
    (line,) = cli("receipts", "--owner", "alice", "--json").out.splitlines()
    assert json.loads(line)["provider"] == "code"


def test_a_change_of_the_file_goes_into_force_and_a_mistake_does_not(cli: Cli, home: Path, start: Start) -> None:
    home.mkdir()
    file = home / "freehold.toml"
    file.write_text("")
    process = start()
    file.write_text('[providers.box]\nbase_url = "http://127.0.0.1:9/v1"\nmodels = ["m"]\nplace = "local"\n')
    process.send_signal(signal.SIGHUP)
    until(cli, lambda report: "box" in {provider.name for provider in report.providers})
    file.write_text("[server]\nprot = 1\n")
    report = until(cli, lambda report: report.config_errors != ())
    assert report.config_errors == (f'{file}:2:1: server.prot: unknown key. Did you mean "port"?',)
    assert "box" in {provider.name for provider in report.providers}
    assert "The configuration has errors" in cli("status").out
    file.write_text("[server]\nworkers = 3\n")
    report = until(cli, lambda report: report.config_errors == ())
    assert report.needs_restart == ("server.workers",)
    assert "box" not in {provider.name for provider in report.providers}
    assert cli("ask", "what is 2+2").out == "4\n"


def test_several_workers_answer_on_one_port_and_end_together(cli: Cli, start: Start) -> None:
    process = start("--workers", "2")
    assert [cli("ask", "what is 2+2").out for _ in range(4)] == ["4\n"] * 4
    assert status(cli).workers == 2
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    assert len(cli("receipts", "--json").out.splitlines()) == 4


def test_a_wrong_flag_is_a_configuration_error(cli: Cli) -> None:
    shown = cli("up", "--port", "99999")
    assert shown.code == 7
    assert "$FREEHOLD_SERVER_PORT: server.port: 99999 does not fit." in shown.err


def test_a_port_that_is_taken_is_said_so(program: Cli, start: Start) -> None:
    start()
    gateway = find_gateway()
    assert gateway is not None
    shown = program("up", "--no-local", "--port", gateway.url.rpartition(":")[2])
    assert shown.code == 7
    assert "Cannot listen on 127.0.0.1" in shown.err


def test_the_word_of_a_dead_gateway_is_not_believed(cli: Cli, home: Path, start: Start) -> None:
    process = start()
    process.kill()
    process.wait()
    assert (home / "state" / "gateway.json").exists()
    assert cli("status").code == 6
    assert cli("ask", "what is 2+2").out == "4\n", "worked out here instead"


def test_a_gateway_elsewhere_is_reached_by_its_url(cli: Cli, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    start()
    gateway = find_gateway()
    assert gateway is not None
    monkeypatch.setenv("FREEHOLD_URL", gateway.url + "/")
    assert cli("ask", "what is 2+2").out == "4\n"
    monkeypatch.setenv("FREEHOLD_URL", "http://127.0.0.1:9")
    shown = cli("ask", "what is 2+2")
    assert shown.code == 5
    assert "No gateway answers at http://127.0.0.1:9." in shown.err
    monkeypatch.setenv("FREEHOLD_URL", "127.0.0.1:9")
    assert cli("ask", "x").code == 7


def test_starting_costs_little(home: Path, start: Start, cli: Cli) -> None:
    """The promise is half a CPU second and 60 MB; what is held here leaves room for slower machines."""
    import psutil

    process = psutil.Process(start().pid)
    assert cli("status").code == 0
    times = process.cpu_times()
    assert times.user + times.system < 2.0
    assert process.memory_info().rss < 60e6


def test_an_answer_that_breaks_off_is_shown_as_far_as_it_came_and_called_broken(
    cli: Cli, home: Path, start: Start, broken_server: str
) -> None:
    home.mkdir()
    (home / "freehold.toml").write_text(
        f'[providers.box]\nbase_url = "{broken_server}/v1"\nmodels = ["m"]\nplace = "local"\n'
    )
    expected = cli("ask", "hello", "--model", "box/m")
    assert expected.code == 5, expected
    start()
    shown = cli("ask", "hello", "--model", "box/m")
    assert (shown.code, shown.out) == (expected.code, expected.out)
    assert shown.out.strip()
    assert shown.out.endswith("\n")


def test_new_receipts_are_shown_as_they_come_until_interrupted(cli: Cli, start: Start) -> None:
    start()
    cli("ask", "what is 2+2")
    command = [str(Path(sys.executable).with_name("freehold")), "receipts", "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        first = json.loads(follower.stdout.readline())
        cli("ask", "what is 2+3")
        second = json.loads(follower.stdout.readline())
        follower.send_signal(signal.SIGINT)
        assert follower.wait() == 0
        assert follower.stderr is not None
        assert follower.stderr.read() == ""
    assert first["time"] < second["time"]


def test_top_lives_in_a_terminal_until_interrupted(cli: Cli, start: Start) -> None:
    start()
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    command = [str(Path(sys.executable).with_name("freehold")), "top", "--every", "0.1"]
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment) as watcher:
        os.close(terminal)
        seen = b""
        while seen.count(b"requests/s") < 3:
            seen += os.read(screen, 65536)
        watcher.send_signal(signal.SIGINT)
        with suppress(OSError):  # a terminal whose other end is closed says so
            while os.read(screen, 65536):
                pass
        assert watcher.wait() == 0
    os.close(screen)
