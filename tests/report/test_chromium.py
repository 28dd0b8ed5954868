"""The pages in a real browser: no request, no complaint, no overflow on a phone, samples that can be searched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_tuner.report.dashboard import dashboard, entries
from cli_tuner.report.gather import gather
from cli_tuner.report.page import html
from cli_tuner.runs.layout import RunDir
from tests.report.chromium import PROGRAM, Chromium
from tests.report.fake_run import RUN_ID

pytestmark = [pytest.mark.contract, pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="module")
def pages(finished_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(finished_root)
        run = RunDir(Path("models/runs") / RUN_ID)
        texts = {"report": html(gather(run)), "dashboard": dashboard(entries([run]))}
    folder = tmp_path_factory.mktemp("pages")
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.mark.parametrize("name", ["report", "dashboard"])
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, True)])
def test_a_page_asks_for_nothing_but_itself_and_complains_of_nothing(
    browser: Chromium, pages: dict[str, Path], name: str, width: int, dark: bool
) -> None:
    browser.events.clear()
    browser.size(width, 800, dark=dark)
    browser.open(pages[name])
    assert set(browser.asked()) == {pages[name].resolve().as_uri()}
    assert browser.said() == []
    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("performance.getEntriesByType('resource').length") == 0


def test_a_request_and_a_complaint_would_be_seen(browser: Chromium, tmp_path: Path) -> None:
    browser.events.clear()
    page = tmp_path / "noisy.html"
    page.write_text("<img src='missing.png'><script>console.error('no'); undefined_name()</script>")
    browser.open(page)
    assert any(address.endswith("missing.png") for address in browser.asked())
    assert len(browser.said()) >= 2


def test_samples_are_searched_and_filtered(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.events.clear()
    browser.size(1280, 800)
    browser.open(pages["report"])
    count = "document.querySelector('#browser .count').textContent"
    assert browser.value(count) == "258 of 258 prompts: 137 wins, 5 losses, 56 ties"

    def choose(name: str, value: str) -> str:
        field = f"document.querySelector('#browser [name={name}]')"
        browser.value(f"{field}.value = {value!r}; {field}.dispatchEvent(new Event('input', {{bubbles: true}}))")
        return str(browser.value(count))

    assert choose("outcome", "loss") == "5 of 258 prompts: 5 losses"
    assert choose("outcome", "") == choose("search", "")
    assert choose("verdict", "DANGEROUS") == "16 of 258 prompts"
    assert choose("suite", "domain") == "0 of 258 prompts"
    assert choose("verdict", "") == "198 of 258 prompts: 137 wins, 5 losses, 56 ties"
    assert choose("search", "alert document.domain").startswith("1 of 258")
    shown = browser.value("document.querySelector('#browser .list pre').textContent")
    assert shown == "echo '</script><script>alert(document.domain)</script>'"
    assert browser.value("document.querySelectorAll('#browser .list script, #browser .list img').length") == 0
    assert browser.said() == []


def test_a_curve_tells_its_values_under_the_pointer(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.size(1280, 800)
    browser.open(pages["report"])
    box = browser.value("JSON.stringify(document.querySelector('figure[data-curve=loss] svg').getBoundingClientRect())")
    assert box
    browser.value(
        "(() => { const svg = document.querySelector('figure[data-curve=loss] svg'), box = svg.getBoundingClientRect();"
        " svg.dispatchEvent(new PointerEvent('pointermove', {clientX: box.right - 13, clientY: box.top + 50})); })()"
    )
    said = browser.value("document.querySelector('figure[data-curve=loss] figcaption').textContent")
    assert said.startswith("training loss 0.2474 at step 400 · evaluation loss 0.3186 at step 400")


def test_a_page_prints(browser: Chromium, pages: dict[str, Path], tmp_path: Path) -> None:
    browser.open(pages["report"])
    browser.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
    browser.call("Emulation.setEmulatedMedia", media="print", features=[])
    visible = "(one) => getComputedStyle(document.querySelector(one)).display !== 'none'"
    assert browser.value(f"['.examples', 'nav', '#browser'].map({visible})") == [True, False, False]
    browser.call("Emulation.setEmulatedMedia", media="", features=[])
