"""The documentation is true: what its pages tell the reader to type is typed here, in order, and must do what they say."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from doc_pages import ROOT, Block, blocks, check_output, name_of, pages
from doc_stage import Ran, Stage

from freehold.cli.main import main

PAGES = pages()
LANGUAGES = {"sh", "toml", "python", "json", "yaml", "ini", "text", "markdown"}
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=name_of)
def test_a_page_does_what_it_says(page: Path, stage: Stage) -> None:
    for block in blocks(page):
        if block.remark != "not run":
            _act(block, stage, f"{name_of(page)}:{block.line}")


def _act(block: Block, stage: Stage, where: str) -> None:
    match block.language:
        case "sh":
            _judge(block, stage.sh(block.text), stage, where)
        case "python":
            _judge(block, stage.python(block.text), stage, where)
        case "toml":
            _judge(block, stage.toml(block.text), stage, where)
        case "json":
            json.loads(block.text)
        case "yaml":
            yaml.safe_load(block.text)
        case "ini":
            examples = (path.read_text(encoding="utf-8") for path in (ROOT / "examples").iterdir())
            assert block.text in examples, f"{where} is none of the files in examples/"


def _judge(block: Block, ran: Ran, stage: Stage, where: str) -> None:
    assert ran.failed == (block.remark == "fails"), f"{where}\n{block.text}\n{ran.printed}"
    if block.shown is not None:
        shown = stage.here(block.shown)
        assert check_output(shown, ran.printed), f"{where} says\n{shown}\nbut it prints\n{ran.printed}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is_and_every_shell_block_can_be_parsed(page: Path) -> None:
    for block in blocks(page):
        assert block.language in LANGUAGES, f"{name_of(page)}:{block.line}"
        if block.language == "sh":
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_freehold_exists_and_takes_these_options(page: Path) -> None:
    for block in blocks(page):
        if block.language != "sh" or block.remark == "fails":
            continue
        for line in block.text.replace("\\\n", " ").splitlines():
            for command in re.findall(r"(?:^|[|(;&] *|\$ )((?:\.venv/bin/)?freehold [^|;&)]*)", line):
                arguments = shlex.split(command.partition(" #")[0].partition(" >")[0])[1:]
                # Asked for help, a command still reads all of its arguments first.
                assert main([*arguments, "--help"]) == 0, f"{name_of(page)}: {command}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name_of(page)} links to {target}"
        if anchor:
            headings = _HEADING.findall(there.read_text(encoding="utf-8"))
            assert anchor in {_anchor(heading) for heading in headings}, f"{name_of(page)} links to {target}"


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_page_can_be_found_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        links = _LINK.findall(page.read_text(encoding="utf-8"))
        ahead += [
            (page.parent / link.partition("#")[0]).resolve() for link in links if "://" not in link and link[0] != "#"
        ]
    assert set(PAGES) <= seen
