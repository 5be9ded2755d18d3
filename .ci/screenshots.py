"""Pictures of the month's report for the documentation: both languages, both widths, from the newest report of a root.

Call: .ci/screenshots.py build/demo docs/images
"""

import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from PIL import Image

from reactivation.report import Facts, month_page
from reactivation.report.settings import LOCALES
from reactivation.report.words import default

SIZES = {1280: 1560, 390: 1500}
"""Widths and heights in pixels: a desk and a telephone."""
COLOURS = 128
CHROMIUM = next((name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name)), None)


def main(root: Path, images: Path) -> None:
    """Write `report-<language>-<width>.png`; what is missing ends with exit code 2."""
    months = sorted(root.glob("reports/*/report.json"))
    if CHROMIUM is None or not months:
        missing = (
            "Chromium (apt-get install chromium fonts-noto-cjk)" if CHROMIUM is None else f"{root}/reports (make demo)"
        )
        sys.stderr.write(f"no pictures are made: missing {missing}\n")
        raise SystemExit(2)
    facts = Facts.read(months[-1].read_text("utf-8"))
    images.mkdir(parents=True, exist_ok=True)
    for language in LOCALES:
        html = month_page.render(facts, default(language)).html
        for width, height in SIZES.items():
            shoot(html, images / f"report-{language}-{width}.png", width=width, height=height)


def shoot(html: str, image: Path, *, width: int, height: int) -> None:
    """One page at one width, in few colours: in a frame, because a window is never narrower than 500 pixels."""
    frame = (
        f'<iframe style="border:0;display:block" width="{width}" height="{height}" srcdoc="{escape(html)}"></iframe>'
    )
    with tempfile.TemporaryDirectory() as folder:
        page, raw = Path(folder) / "page.html", Path(folder) / "raw.png"
        page.write_text(f'<!doctype html><body style="margin:0">{frame}', encoding="utf-8")
        flags = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/profile",
        )
        window = (f"--window-size={max(width, 500)},{height}", f"--screenshot={raw}")
        subprocess.run([str(CHROMIUM), *flags, *window, page.as_uri()], check=True, capture_output=True, timeout=120)
        seen = Image.open(raw).convert("RGB").crop((0, 0, width, height))
        seen.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(image, optimize=True)
    sys.stdout.write(f"{image}  {image.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
