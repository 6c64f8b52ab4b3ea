"""Texts of models in a real browser: everything is opened, hovered and clicked, and nothing acts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, cycle, islice
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from maspo.events import CaseShown, Event, RunFinished, RunStarted
from maspo.report.fold import fold
from maspo.report.html import render
from maspo.report.markup import escape
from tests.report.payloads import HTML_PAYLOADS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: install it to run this test")
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_DRIVER = """<!doctype html><title>driver</title><body><script>
const frames = FRAMES;
const does = ['pointerover', 'mouseover', 'mouseenter', 'mousedown', 'focus', 'focusin', 'keydown', 'click', 'toggle'];
function poke(frame) {
  const page = frame.contentDocument, style = getComputedStyle(page.body);
  for (const one of [...page.querySelectorAll('*')]) {
    if (one.tagName === 'DETAILS') one.open = true;
    for (const name of does) one.dispatchEvent(new MouseEvent(name, {bubbles: true, cancelable: true}));
  }
  return {styled: style.maxWidth !== 'none', title: page.title, elements: page.querySelectorAll('*').length};
}
function look(frame, before) {
  const view = frame.contentWindow, page = view.document;
  return {...before, after: page.title, acted: view.acted ?? null, name: view.name, path: view.location.pathname,
    marked: page.querySelectorAll('[data-acted]').length,
    foreign: page.querySelectorAll('script,img,iframe,object,embed,form,input,button,link,base,video,audio').length};
}
async function drive(path) {
  const frame = document.createElement('iframe');
  await new Promise(done => { frame.onload = done; frame.src = path; document.body.append(frame); });
  await new Promise(done => setTimeout(done, 50));
  try {
    const before = poke(frame);
    await new Promise(done => setTimeout(done, 300));
    return look(frame, before);
  } catch (error) { return {lost: String(error), acted: -1}; }
}
Promise.all(frames.map(drive)).then(all => fetch('/told', {method: 'POST', body: JSON.stringify(all)}));
</script>"""


@dataclass
class Site:
    """What the browser is shown, and which addresses it asked for besides."""

    pages: Mapping[str, str]
    hits: set[str] = field(default_factory=set)
    told: Queue[str] = field(default_factory=Queue)


@contextmanager
def served(site: Site) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = site.pages.get(self.path)
            if page is None and self.path != "/favicon.ico":
                site.hits.add(self.path)
            with suppress(ConnectionError):  # the browser hangs up on what it no longer needs
                self.send_response(200 if page is not None else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((page or "").encode())

        def do_POST(self) -> None:
            site.told.put(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def browsed(pages: Mapping[str, str], folder: Path) -> tuple[list[dict[str, Any]], set[str]]:
    """Return what became of each page when everything on it was opened, hovered and clicked, and what was loaded."""
    assert CHROMIUM is not None
    site = Site({**pages, "/": _DRIVER.replace("FRAMES", json.dumps(list(pages)))})
    with served(site) as address:
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"]
        command = [CHROMIUM, *options, "--remote-debugging-port=0", f"{address}/"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return json.loads(site.told.get(timeout=60)), site.hits
        finally:
            browser.terminate()
            browser.wait(timeout=20)


def planted(events: list[Event], first: int) -> list[Event]:
    """Return the run with payloads, from a first one on, in every text that a model, a user or an endpoint writes."""
    ring = islice(cycle(HTML_PAYLOADS), first, None)
    known = {"kind", "verdict", "shipped"}
    names = {name: f"{name}{payload}" for name, payload in zip(_agents(events), ring, strict=False)}

    def text(name: str, value: str) -> str:
        if name in known:
            return value
        return names.get(value) or f"{next(ring)} {next(ring)} {next(ring)}"

    def changed(event: Event) -> Event:
        changes: dict[str, Any] = {}
        for one in fields(event):
            value = getattr(event, one.name)
            if one.name == "reads":
                changes["reads"] = {names[key]: tuple(names[name] for name in read) for key, read in value.items()}
            elif one.name == "agents" and isinstance(event, RunStarted):
                changes["agents"] = tuple(names[name] for name in value)
            elif isinstance(value, str):
                changes[one.name] = value if one.name == "step" else text(one.name, value)
            elif isinstance(value, Mapping) and one.name != "usage":
                changes[one.name] = {names.get(key, key): text("", str(item)) for key, item in value.items()}
        return replace(event, **changes)

    return [changed(event) for event in events]


def _agents(events: list[Event]) -> tuple[str, ...]:
    return next(event.agents for event in events if isinstance(event, RunStarted))


@pytest.fixture(scope="module")
def pages(whole_run: list[Event]) -> dict[str, str]:
    """Pages that between them show every payload."""
    found: dict[str, str] = {}
    missing = set(HTML_PAYLOADS)
    for number in count():
        page = render(fold(planted(whole_run, 67 * number)))
        shown = {payload for payload in missing if escape(payload) in page}
        if shown:
            found[f"/report{number}"] = page
        missing -= shown
        if not missing:
            return found
        assert number < 12, f"never shown: {len(missing)}"
    raise AssertionError


def test_b00_every_payload_is_planted_and_every_part_of_the_page_has_one(pages: dict[str, str]) -> None:
    assert len(set(HTML_PAYLOADS)) == 200
    for page in pages.values():
        for part in page.split("<section ")[1:]:
            assert "/hit/" in part or "not measured" in part, part[:60]


@needs_browser
def test_b01_two_hundred_payloads_act_when_nothing_stops_them(tmp_path: Path) -> None:
    raw = {
        f"/raw{number}": f"<!doctype html><html><title>raw</title><body>{payload}"
        for number, payload in enumerate(HTML_PAYLOADS[:40])
    }
    told, hits = browsed(raw, tmp_path)
    acted = [page for page in told if page["acted"] is not None or page["foreign"] or page["marked"]]
    assert len(acted) >= 20, "the test could not see an action"
    assert len(hits) >= 20, "the test could not see what is loaded"


@needs_browser
def test_b02_no_payload_acts_in_a_report_even_without_its_policy(pages: dict[str, str], tmp_path: Path) -> None:
    bare = {f"{path}/bare": _POLICY.sub("", page) for path, page in pages.items()}
    assert all(bare[f"{path}/bare"] != page for path, page in pages.items())
    both = {**pages, **bare}
    told, hits = browsed(both, tmp_path)
    assert hits == set()
    assert len(told) == len(both)
    for path, page in zip(both, told, strict=True):
        assert "lost" not in page, page
        assert page["elements"] > 1000, "the page was not there"
        assert (page["acted"], page["marked"], page["foreign"], page["name"]) == (None, 0, 0, "")
        assert page["path"] == path
        assert page["after"] == page["title"] and page["title"].startswith("maspo: ")
        assert page["styled"], "the policy must let the page's own style through"


@needs_browser
def test_b03_the_policy_alone_lets_no_script_run_and_nothing_load(whole_run: list[Event], tmp_path: Path) -> None:
    policy = _POLICY.search(render(fold(whole_run)))
    assert policy is not None
    scripts = [one for one in HTML_PAYLOADS if "<a " not in one and "refresh" not in one]
    raw = {
        f"/raw{number}": f"<!doctype html><html><head>{policy.group()}<title>raw</title></head><body>{payload}"
        for number, payload in enumerate(scripts[:40])
    }
    told, hits = browsed(raw, tmp_path)
    assert hits == set()
    assert [page for page in told if page["acted"] is not None] == []


def test_b04_every_text_of_a_case_and_of_the_end_is_planted(whole_run: list[Event]) -> None:
    for event in planted(whole_run, 0):
        if isinstance(event, CaseShown):
            assert all("/hit/" in text for text in (event.input_text, event.label, *event.candidate_outputs.values()))
        if isinstance(event, RunFinished):
            assert all("/hit/" in text for text in (event.why, *event.prompts.values()))
