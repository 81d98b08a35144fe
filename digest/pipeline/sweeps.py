"""Fewer sweeps of memory while a run makes millions of small objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def few_sweeps() -> Iterator[None]:
    """A run makes millions of small objects, none of them in circles (`Window` sees to it). Looking for circles among
    all objects of the service each time took a quarter of it.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
