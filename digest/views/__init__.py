"""Doors: the pages that show papers."""
