"""Walks every page of build/site in a headless Chromium, as a phone and as a desktop, light and dark.

Fails on a console error, a page wider than its window, a request to another machine, or a search that finds nothing.
Needs Playwright and a Chromium, which are in no lock: `pip install playwright`, then `playwright install chromium` or
`CHROMIUM=/usr/bin/chromium`.
"""

from __future__ import annotations

import functools
import http.server
import os
import sys
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

SITE = Path("build/site")
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def look(page: Page, address: str, shots: Path | None, faults: list[str], seen: list[str]) -> None:
    """Open one page and note what is wrong with it."""
    before = len(seen)
    page.goto(address)
    faults += [f"{address}: {each}" for each in seen[before:]]
    if (wider := page.evaluate(WIDER)) > 0:
        faults.append(f"{address}: {wider} pixels wider than the window")
    if shots:
        page.screenshot(path=shots / f"{address.split('/', 3)[3].strip('/').replace('/', '-') or 'front'}.png")


def walk(shots: Path | None) -> tuple[int, list[str]]:
    """Return how many pages were looked at and every fault."""
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_port}/"
    pages = [root + path.parent.relative_to(SITE).as_posix() + "/" for path in sorted(SITE.rglob("index.html"))]
    faults: list[str] = []
    looked = 0
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=os.environ.get("CHROMIUM"))
        for width, scheme in ((390, "light"), (390, "dark"), (1400, "light"), (1400, "dark")):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
            page, seen = context.new_page(), []
            page.on("console", lambda message, seen=seen: message.type == "error" and seen.append(message.text))
            page.on("request", lambda sent, seen=seen: sent.url.startswith(root) or seen.append(f"asks {sent.url}"))
            folder = shots / f"{width}-{scheme}" if shots else None
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            for address in pages:
                look(page, address.replace("/./", "/"), folder, faults, seen)
                looked += 1
            page.goto(root + "?q=resume")
            page.wait_for_timeout(2000)
            if not page.locator(".md-search-result__item").count():
                faults.append(f"{width} {scheme}: a search for `resume` finds nothing")
        browser.close()
    server.shutdown()
    return looked, faults


if __name__ == "__main__":
    looked, faults = walk(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    print(f"{looked} views, {len(faults)} faults", *faults, sep="\n")  # noqa: T201
    sys.exit(bool(faults))
