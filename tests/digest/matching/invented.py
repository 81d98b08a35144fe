"""Invented papers, of the same few words as the invented queries."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from digest.sources.listing import Facts
from tests.subscribers.query.invented import VOCABULARY

SPELLINGS = [*VOCABULARY, "Fine", "MODELS", "Café", "model's", "(tuning)"]
GAPS = [" ", " ", " ", "-", "‐", ", ", ". ", "  ", "$\\times$", ""]


@st.composite
def texts(draw: DrawFn) -> str:
    words = draw(st.lists(st.sampled_from(SPELLINGS), max_size=9))
    return "".join(word + draw(st.sampled_from(GAPS)) for word in words)


def _some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


facts = st.builds(
    Facts,
    key=st.just("2611.00001"),
    title=texts(),
    abstract=texts(),
    authors=_some("Yann LeCun", "Y. LeCun", "Yann A. LeCun", "Ann B. Moss", "A. Moss", "LeCun Yann"),
    organisations=_some("Harrow Fen Laboratory", "Fen Harrow", "Harrow-Fen"),
    upvotes=st.integers(0, 7),
    comments=st.integers(0, 7),
    sources=_some("hf", "arxiv-cs", "arxiv", "HF"),
    code=st.sampled_from(["", "https://code.example"]),
    project=st.sampled_from(["", "https://project.example"]),
)
