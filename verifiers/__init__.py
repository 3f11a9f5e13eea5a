"""Verifiers: the decode loop and the models behind it."""
