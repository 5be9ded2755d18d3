"""A thread that looks at something every quarter of a second while a block of work runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PAUSE_SECONDS = 0.25


@contextmanager
def watched(look: Callable[[], None]) -> Iterator[None]:
    """Call `look` again and again while the block runs, at least at its beginning and at its end."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_PAUSE_SECONDS):
            look()

    look()
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        look()
