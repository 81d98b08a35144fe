"""The operators' cockpit: the tables of both houses, actions on those that need them, and the front panel."""

from digest.admin import editions, letters, papers, readers, ready, sending, sources, suppressions, wording

__all__ = ["editions", "letters", "papers", "readers", "ready", "sending", "sources", "suppressions", "wording"]
