"""Two months of real lists for many readers: the lists, the readers, the service driven through them, and an oracle
that knows what everybody must get and shares no code with the product. See tests/test_two_months.py.
"""
