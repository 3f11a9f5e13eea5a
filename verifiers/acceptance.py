"""Acceptance: how many of a window's draft tokens the verifier takes. Pure functions on plain numbers."""

from __future__ import annotations

from collections.abc import Sequence


def accept_exact(choices: Sequence[int], window: Sequence[int]) -> list[int]:
    """The tokens that greedy decoding emits for one verify step: lossless.

    ``choices`` [W+1] are the verifier's greedy tokens after the last token and after each window token;
    ``window`` [W] are the draft tokens. Returns the agreeing run and the verifier's own next token
    (greedy speculative decoding, Leviathan et al. 2023, arXiv 2211.17192).
    """
    accepted = 0
    while accepted < len(window) and choices[accepted] == window[accepted]:
        accepted += 1
    return [*window[:accepted], choices[accepted]]


def accept_fused(
    choices: Sequence[int], window: Sequence[int], margins: Sequence[float], tolerance: float
) -> list[int]:
    """The tokens emitted when draft and verifier are two readers weighed against each other.

    ``margins`` [W] are ``log p(choice) - log p(draft token)`` at each window position, at least 0. A draft
    token stands where its margin is at most ``tolerance`` (lambda times the draft's confidence): 0 is exact
    acceptance, infinity is the draft.
    """
    accepted = 0
    while accepted < len(window) and (
        choices[accepted] == window[accepted] or margins[accepted] <= tolerance
    ):
        accepted += 1
    return [*window[:accepted], choices[accepted]]
