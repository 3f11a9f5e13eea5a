"""Drafters: pages read cheaply (``reading``), drafts followed against a verifier's output (``following``),
and how VLM families write whole pages (``formats``)."""
