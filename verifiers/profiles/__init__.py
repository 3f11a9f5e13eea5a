"""Profiles: what is particular to one VLM family."""
