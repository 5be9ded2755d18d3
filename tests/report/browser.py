"""A page in a real browser without a window: what is measured in it, what it says to its console, and its print."""

import json
import re
import shutil
import subprocess
import tempfile
from html import escape, unescape
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium fonts-noto-cjk")

MEASURE = """
<script>
addEventListener("load", () => {
  const box = e => { const b = e.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height]; };
  const found = {
    inner: innerWidth,
    wide: document.documentElement.scrollWidth,
    below: document.querySelector("#answers").getBoundingClientRect().bottom,
    cut: [], overlapping: [], shapes: {},
  };
  for (const svg of document.querySelectorAll("figure > svg")) {
    const name = svg.parentElement.id, [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
    found.shapes[name] = svg.querySelectorAll("rect, circle, line, polyline").length;
    for (const text of svg.querySelectorAll("text")) {
      const [left, top, right, bottom] = box(text);
      if (left < -1 || top < -1 || right > width + 1 || bottom > height + 1)
        found.cut.push(name + ": " + text.textContent + " " + [left, top, right, bottom].map(Math.round));
    }
    const boxes = [...svg.querySelectorAll("text")].map(t => [t.textContent, ...box(t)]);
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
      if (Math.min(a[3], b[3]) - Math.max(a[1], b[1]) > 2 && Math.min(a[4], b[4]) - Math.max(a[2], b[2]) > 5)
        found.overlapping.push(name + ": " + a[0] + " / " + b[0]);
    }));
  }
  parent.document.documentElement.setAttribute("data-found", JSON.stringify(found));
});
</script>
"""


class Seen(NamedTuple):
    """found: what the script measured. console: lines that the page wrote there."""

    found: dict[str, Any]
    console: list[str]


def look(html: str, *, width: int, folder: Path) -> Seen:
    """Open a page at a width and measure it: in a frame, because a window is never narrower than 500 pixels."""
    page = folder / f"measured-{width}.html"
    inner = escape(html.replace("</body>", f"{MEASURE}</body>"))
    frame = f'<iframe style="border:0" width="{width}" height="900" srcdoc="{inner}"></iframe>'
    page.write_text(f'<!doctype html><link rel="icon" href="data:,"><body>{frame}', encoding="utf-8")
    done = run("--window-size=1400,1000", "--dump-dom", "--enable-logging=stderr", "--v=0", page=page)
    attribute = re.search(r'<html[^>]* data-found="([^"]*)"', done.stdout)
    assert attribute, done.stderr[-2000:]
    return Seen(json.loads(unescape(attribute[1])), [line for line in done.stderr.splitlines() if "CONSOLE" in line])


def printed_pages(html: str, *, folder: Path) -> int:
    """On how many sheets of A4 a page is printed."""
    page, pdf = folder / "printed.html", folder / "printed.pdf"
    page.write_text(html, encoding="utf-8")
    run("--no-pdf-header-footer", f"--print-to-pdf={pdf}", page=page)
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


def run(*flags: str, page: Path) -> subprocess.CompletedProcess[str]:
    """Chromium on one file, with a profile of its own."""
    with tempfile.TemporaryDirectory() as profile:
        plain = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}")
        command = [str(CHROMIUM), *plain, *flags, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
