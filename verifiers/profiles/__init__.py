"""Profiles: what is particular to one VLM family, a file each (see ``base``)."""
