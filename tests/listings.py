"""Where the real captured listings are, on machines that have them (they are not part of the project)."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parent.parent.parent / "shared" / "listings"


def listings_folder() -> Path | None:
    """The folder of captured listings: `LISTINGS`, else `shared/listings` beside the checkout, else None."""
    folder = Path(os.environ.get("LISTINGS", "") or BESIDE)
    return folder if folder.is_dir() else None


def need_listings() -> Path:
    """The folder of captured listings, or a visible skip of the calling test."""
    folder = listings_folder()
    if folder is None:
        pytest.skip("the captured listings are not on this machine (set LISTINGS to their folder)")
    return folder
