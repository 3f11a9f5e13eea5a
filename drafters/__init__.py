"""Drafters: cheap readings of a page, and the matching of a draft against a verifier's output."""
