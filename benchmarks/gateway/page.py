"""Puts a run's tables into a page, between two marks. Everything else on the page is left as it is."""

from pathlib import Path

from benchmarks.gateway import report
from benchmarks.gateway.results import Results

BEGIN, END = "<!-- gateway results: begin -->", "<!-- gateway results: end -->"


def write(page: Path, results: Results) -> None:
    """Replaces what stands between the marks. Raises `ValueError` when the page does not have them."""
    content = page.read_text()
    if BEGIN not in content or END not in content:
        raise ValueError(f"{page} needs the lines {BEGIN} and {END}")
    before, after = content.split(BEGIN)[0], content.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{report.markdown(results)}{END}{after}")
