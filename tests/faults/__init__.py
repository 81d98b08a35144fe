"""The fault table: everything that can happen to the service, made to happen. `python -m tests.faults`."""
