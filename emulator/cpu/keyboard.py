"""Ctrl-C while the engine runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_go_to(note: Callable[[], None]) -> Iterator[None]:
    """Calls ``note`` instead of raising KeyboardInterrupt.

    Python would raise it at the first instruction of the next callback, from where it cannot pass through
    C: it would be lost, and what the guest had asked for with it. Whoever has a handler of their own, or
    runs the engine in another thread, keeps what they have.
    """
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not ours:
        yield
        return
    signal.signal(signal.SIGINT, lambda _number, _frame: note())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
