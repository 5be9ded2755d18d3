#!/usr/bin/env python3
"""Take a picture of MLflow's page of a registered version: .ci/registry_page.py build/demo docs/images/mlflow.png

Serves a copy of the root's registry on this machine alone, so nothing is written to it. Ends with 0 and says why where
there is no Chromium.
"""

import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from PIL import Image

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 90
COLOURS = 128
SHOWN = (1186, 2300)
"""What is kept of a window of 1600 pixels: MLflow's assistant beside the page says nothing of the version."""


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{text}\n")


def main(root: str, picture: str) -> int:
    """Take the picture; returns the exit code."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    database = Path(root) / "mlflow.db"
    if browser is None or not database.is_file():
        say(f"no picture: {'there is no Chromium' if browser is None else f'there is no {database}'}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(database, folder)
        page = newest(copy)
        if page is None:
            say(f"no picture: {database} has no version with a card")
            return 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        mlflow = [str(Path(sys.executable).parent / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(
            [*mlflow, "--workers", "1", "--backend-store-uri", f"sqlite:///{copy}", "--artifacts-destination", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            base = f"http://127.0.0.1:{port}"
            if not answers(base, server):
                say("no picture: MLflow's server did not answer")
                return 1
            Path(picture).parent.mkdir(parents=True, exist_ok=True)
            shot = [f"--screenshot={Path(picture).resolve()}", "--window-size=1600,2300", "--virtual-time-budget=20000"]
            flags = [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/user",
            ]
            subprocess.run(
                [browser, *flags, *shot, f"{base}/#/models/{page}"], check=True, capture_output=True, timeout=SECONDS
            )
        finally:
            server.terminate()
            server.wait(timeout=30)
    seen = Image.open(picture).convert("RGB").crop((0, 0, *SHOWN))
    seen.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(picture, optimize=True)
    say(f"{picture}  {Path(picture).stat().st_size // 1024} kB")
    return 0


def newest(database: str) -> str | None:
    """`<model>/versions/<number>` of the newest version with a card, of the model of activity where there is one."""
    with sqlite3.connect(database) as opened:
        asked = "select name, version from model_versions where description <> '' "
        asked += "order by name like '%\\_active' escape '\\' desc, creation_time desc limit 1"
        row = opened.execute(asked).fetchone()
    return f"{row[0]}/versions/{row[1]}" if row else None


def answers(base: str, server: subprocess.Popen) -> bool:
    """True once the server is up; False where it ended or does not answer in time."""
    for _ in range(SECONDS):
        if server.poll() is not None:
            return False
        try:
            urllib.request.urlopen(f"{base}/health", timeout=2).close()
            return True
        except OSError:
            time.sleep(1)
    return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
