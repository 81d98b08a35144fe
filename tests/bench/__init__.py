"""How fast it is, beside the straightforward way in the same run: `python -m tests.bench match|compose|publish`.

A bench says what work was done, checks on a sample that the straightforward way gives the same, and shows CPU and
wall seconds and peak memory. Sizes double, so that growth shows. Nothing here is asserted in the test suite.
"""
