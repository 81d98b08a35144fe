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
    key=st.sampled_from(["2611.00001", "10.1000/x(1)"]),
    title=texts(),
    abstract=texts(),
    authors=_some("Yann LeCun", "Y. LeCun", "Yann A. LeCun", "Ann B. Moss", "A. Moss", "LeCun Yann"),
    organisations=_some("Harrow Fen Laboratory", "Fen Harrow", "Harrow-Fen"),
    upvotes=st.integers(0, 7),
    comments=st.integers(0, 7),
    sources=_some("hf", "arxiv-cs", "arxiv", "HF"),
    code=st.sampled_from(["", "https://code.example"]),
    project=st.sampled_from(["", "https://project.example"]),
    arxiv=st.sampled_from(["", "2611.00001", "hep-th/9901001"]),
    doi=st.sampled_from(["", "10.1000/x(1)"]),
    categories=_some("cs.LG", "cs.CL", "stat.ML", "hep-th", "cond-mat.str-el", "Tuned models"),
    primary=st.sampled_from(["", "", "cs.LG", "stat.ML", "hep-th"]),
    keywords=_some("fine-tuning", "tuned models", "Model", "cs"),
    journal=st.sampled_from(["", "Fen Letters 7 (2026)", "Letters of the Fen"]),
    published=st.sampled_from(["", "2026-01-01", "2026-01-04", "2026-01-31", "2026-02-01"]),
    judged=st.sampled_from(["", "2026-01-05", "2026-02-01"]),
    version=st.integers(0, 2),
    announce=st.sampled_from(["", "new", "cross", "replace", "replace-cross"]),
)
