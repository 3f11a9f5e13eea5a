"""Layout: regions of a page, their geometry and their reading order."""
