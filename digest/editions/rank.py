"""How interesting a paper is, from 0 to 100, and in which order papers stand. Pure and deterministic.

score = 100 * a / (a + 25), rounded down, with a = upvotes + 2 * comments. So a paper nobody has looked at has
0, one with 25 votes has 50, one with 100 has 80: on a scale that a threshold can name. Ties go by the paper's
key.
"""

from __future__ import annotations

from digest.sources.listing import Facts

HALF = 25  # the attention (votes, comments twice) that makes a score of 50


def score(facts: Facts) -> int:
    """0 to 100."""
    attention = facts.upvotes + 2 * facts.comments
    return 100 * attention // (attention + HALF)
