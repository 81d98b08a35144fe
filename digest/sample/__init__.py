"""Two invented days of Hugging Face Daily Papers, for `make demo`: the API's answers in their 2026 shape.

`day-1-morning.json` and `day-1-evening.json` are two looks at Tuesday 24 November 2026, `day-2.json` one at the
day after. Between morning and evening four papers are added, votes rise and code appears for two papers; one
paper leaves for the second day under another submitter. One title has TeX, some have uncommon letters. Half of the
papers have a summary besides their abstract. Papers, people, organisations, addresses and summaries are all invented:
none of the ids is a paper on arXiv.
"""
