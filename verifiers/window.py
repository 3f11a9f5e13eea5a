"""How long a window to send: as long as one more draft token is worth the time that it costs. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

LONGEST = 512
CPU_WIDTH, GPU_WIDTH = 8, 256  # tokens that double a pass's time, until measured
CERTAIN = 0.02  # refused tokens that every estimate counts: none is ever sure
LEAST = 0.01  # the worst start: a draft that is right can show it
FORGET = 0.9  # weight of the past after each step: a draft's quality changes within a region
FORGET_BRANCHES = 0.97  # the same for branches, of which few are right
PRIOR_BRANCHES = (1.0, 8.0)  # branches taken and sent, to begin with
LONGEST_BRANCH = 8
WINDOWS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, LONGEST)  # tried lengths
SIDES = 4  # branches that a tree has, more or less
HOST_WEIGHT = 0.05  # of a time that was measured, in a running mean
HOST_OUTLIER = 8.0  # times the mean beyond which a time is of something else
HOST_FADING = 0.98  # of those means, in a step in which nothing was proposed
ASKING = 0.05  # of a step's time, to ask drafts whose windows do not pay


@dataclass(slots=True)
class AcceptanceRate:
    """Running estimate of the chance that the next draft token is accepted, for one sequence.

    Starts optimistic, so that a first window covers an ordinary region, and weighs little: the first step
    decides. A draft's own confidence says how well it was read, not whether it belongs here; it is not asked.
    """

    hits: float = 1.0
    misses: float = 0.09

    @property
    def value(self) -> float:
        """The estimate, strictly between 0 and 1."""
        return self.hits / (self.hits + self.misses + CERTAIN)

    def fresh(self) -> AcceptanceRate:
        """What to start another sequence from: as likely, but soon outweighed."""
        return AcceptanceRate(1.0, max(0.0, 1 / max(self.value, LEAST) - 1 - CERTAIN))

    def update(self, accepted: int, rejected: bool) -> None:
        """Count one step: ``accepted`` draft tokens taken, and whether the next one was refused."""
        self.hits = FORGET * self.hits + accepted
        self.misses = FORGET * self.misses + rejected


@dataclass(slots=True)
class BranchRate:
    """Running estimate of the chance that a branch beside the main window is the one taken, for a sequence.

    It falls back to the prior while none are sent, so that they are tried again now and then.
    """

    hits: float = 0.0
    misses: float = 0.0

    @property
    def value(self) -> float:
        """The estimate, strictly between 0 and 1."""
        return (self.hits + PRIOR_BRANCHES[0]) / (self.hits + self.misses + PRIOR_BRANCHES[1])

    def update(self, sent: int, taken: bool) -> None:
        """Count one step with ``sent`` branches."""
        self.hits = FORGET_BRANCHES * self.hits + taken
        self.misses = FORGET_BRANCHES * self.misses + sent - taken


@dataclass(slots=True)
class StepCost:
    """Time of a forward pass as ``base + slope * tokens``, fitted to the passes seen so far.

    Exponentially weighted least squares, so that it follows the device and the cache's growth; until
    passes of different widths were seen, ``prior_width`` tokens are taken to double a pass's time. A pass
    over one token alone is not on the line: it multiplies by a vector, which a CPU does in half the time.
    """

    prior_width: int = CPU_WIDTH
    _lone: float | None = None
    _sums: list[float] = field(default_factory=lambda: [0.0] * 5)  # weight, x, y, xx, xy

    def record(self, tokens: int, seconds: float) -> None:
        """Note that a pass over ``tokens`` positions took ``seconds``."""
        if tokens == 1:
            self._lone = seconds if self._lone is None else 0.9 * self._lone + 0.1 * seconds
            return
        terms = (1.0, tokens, seconds, tokens * tokens, tokens * seconds)
        self._sums = [0.97 * total + term for total, term in zip(self._sums, terms, strict=True)]

    @property
    def lone(self) -> float:
        """Seconds of a pass over one token."""
        return sum(self.line()) if self._lone is None else self._lone

    def of(self, tokens: int) -> float:
        """Seconds of a pass over ``tokens`` positions."""
        base, slope = self.line()
        return self.lone if tokens == 1 else base + slope * tokens

    def line(self) -> tuple[float, float]:
        """``(base, slope)`` in seconds and seconds a token, both positive.

        No token costs more than a pass for it alone would: times of a busy machine that say so would end all
        windows where one sequence decodes, and with them the passes that could put it right.
        """
        weight, x, y, xx, xy = self._sums
        if weight == 0:
            return self.prior_width * 1e-3, 1e-3
        tokens, seconds = x / weight, y / weight
        variance = xx / weight - tokens**2
        slope = seconds / (self.prior_width + tokens)
        if variance >= 1.0:
            slope = (xy / weight - tokens * seconds) / variance
        slope = min(max(slope, seconds * 1e-4), seconds / (tokens + 1))
        return seconds - slope * tokens, slope


class AssumedCost(StepCost):
    """What is taken at first stays, whatever is measured."""

    def record(self, tokens: int, seconds: float) -> None:
        """Nothing is learnt."""


def window_length(rate: float, base: float, slope: float, rows: int, chance: float = 1.0) -> int:
    """The window (0 to 512 draft tokens) beyond which a longer pass costs more than it can save.

    The k-th window token is emitted with chance ``chance * rate ** k`` (``chance`` is that of a branch to be
    taken) and costs ``slope`` seconds; each emitted token is worth what it costs otherwise, in a plain step
    of ``rows`` sequences.
    """
    worth = (base / rows + slope) * chance
    if rate <= 0 or slope >= worth * rate:
        return 0
    return min(LONGEST, int(math.log(slope / worth) / math.log(rate)))


@dataclass(slots=True)
class HostCost:
    """Running means of the seconds that proposing takes the host: a chain, and a tree.

    They fall while none is proposed, so that what was dear once (on a busy machine, say) is tried again.
    """

    chain: float = 0.0
    tree: float = 0.0
    _recorded: bool = False  # since the last step

    def usual(self, seconds: float) -> float:
        """What proposing took that took ``seconds``, but for what something else had the host do meanwhile
        (a garbage collector, say, goes through all there is in a fifth of a second)."""
        return min(seconds, HOST_OUTLIER * (self.chain or self.tree or seconds))

    def record(self, seconds: float, branches: bool) -> None:
        """Note what proposing a window took."""
        self._recorded = True
        if branches:
            self.tree += HOST_WEIGHT * (seconds - self.tree)
        else:
            self.chain += HOST_WEIGHT * (seconds - self.chain)

    def fade(self, *, asks: bool) -> None:
        """Note that a step begins, which ``asks`` drafts or does not."""
        if asks and not self._recorded:
            self.chain *= HOST_FADING
            self.tree *= HOST_FADING
        self._recorded = False

    def pause(self, share: float) -> int:
        """For how many steps not to ask a draft that no window is sent of, so that asking takes little of
        them; ``share`` are a sequence's seconds of a step."""
        return int(self.chain / (ASKING * share))


def worth_proposing(
    rate: float, branches: float, base: float, slope: float, rows: int, host: HostCost
) -> tuple[int, int]:
    """Lengths of the window and of its branches, each 0 where proposing it takes the host more time than it
    saves. ``branches`` is the chance that a branch is the one taken."""
    worth = base / rows + slope
    if rate * worth <= (1 - rate) * host.chain:  # all that a window without an end could save
        return 0, 0
    length = window_length(rate, base, slope, rows)
    if not length:
        return 0, 0
    saved = expected_run(rate, length) * worth - slope * length
    if branch := window_length(rate, base, slope, rows, branches):
        taken = branches * (1 + expected_run(rate, branch)) * worth - slope * branch
        if saved + SIDES * taken - max(host.tree, host.chain) > max(saved - host.chain, 0.0):
            return length, branch
    return (length, 0) if saved > host.chain else (0, 0)


def worth_resending(rate: float, base: float, slope: float, rows: int, host: HostCost, behind: int) -> int:
    """Length of the window where the tokens of one that is not wholly accepted are sent again in the next.

    A window is worth what it makes a token cheaper, the plain step counted in that catches up where it was
    refused. None is sent, so that the row catches up, where the ``behind`` tokens that it has to send again
    already would cost more than that if they had to be sent once more.
    """
    share = base / rows
    plain = share + slope
    cheapest, length, refused = plain, 0, 0.0
    for size in WINDOWS:
        run, whole = expected_run(rate, size), rate**size
        again = 2 * (1 - whole) + run - size * whole  # tokens, of a refused window
        cost = share * (2 - whole) + slope * (1 + size + again) + host.chain
        if (each := cost / (2 - whole + run)) < cheapest:
            cheapest, length, refused = each, size, 1 - whole
    return length if behind * refused * slope <= plain - cheapest else 0


def worth_waiting(rate: float, base: float, slope: float, rows: int, length: int) -> bool:
    """Whether a plain step, which tests the draft's first token for nothing, should come before a window.

    It costs a right draft that step's share of a pass, and saves a wrong one all ``length`` tokens.
    """
    return rate * base / rows < (1 - rate) * slope * length


def expected_run(rate: float, length: int) -> float:
    """How many tokens of a window are accepted on average."""
    return rate * (1 - rate**length) / (1 - rate)


class Window(NamedTuple):
    """What a row could send: a tree of ``size`` tokens, the first ``main`` of which are its main branch.

    A main token is accepted at ``rate``; all branches together give ``beside`` tokens on average. In front of
    them the row sends ``behind`` tokens again, whatever else it sends.
    """

    size: int
    main: int
    rate: float
    beside: float = 0.0
    behind: int = 0

    def run(self, most: int) -> float:
        """How many tokens are accepted on average if ``most`` are sent."""
        run = expected_run(self.rate, min(self.main, most))
        if most > self.main and self.size > self.main:
            run += self.beside * min(1.0, (most - self.main) / (self.size - self.main))
        return run


def worth_sending(windows: Sequence[Window], cost: StepCost, columns: Callable[[int, int], int]) -> list[int]:
    """How many tokens each row sends: most tokens for the time of the passes, all windows together.

    ``columns(tokens, rows)`` is how wide a pass is made for so many. A window lengthens every row that shares
    its pass, or needs a pass of its own: so either all share one, which is no wider than pays, or only those
    that promise most are sent, in passes that waste least. A row that is alone sends all of its window.
    """
    count, line = len(windows), cost.line()
    sizes = [0] * count
    largest = max((window.size for window in windows), default=0)
    best = 0.0
    tried = [size for size in WINDOWS if size < largest] if count > 1 else []
    behind = max((window.behind for window in windows), default=0)
    runs = [window.run(window.size) for window in windows]
    whole = count + sum(runs)
    for most in (0, *tried, largest):
        widest = [window.behind + min(window.size, most) for window in windows] if behind else [most]
        seconds = cost.of(count * columns(1 + max(widest, default=0), count))
        if whole <= best * seconds:
            break  # nor do longer ones pay
        tokens = count + sum([window.run(most) for window in windows if window.size])
        if tokens > best * seconds:
            best, sizes = tokens / seconds, [min(window.size, most) for window in windows]
    order = sorted((row for row in range(count) if windows[row].size), key=lambda row: -runs[row])
    for most in sorted({*(2**i for i in range(len(order).bit_length())), len(order)}):
        sent = set(order[:most])
        tokens = count + sum(runs[row] for row in sent)
        widths = [1 + window.behind + window.size * (row in sent) for row, window in enumerate(windows)]
        if tokens <= best * (2 * line[0] + line[1] * sum(widths)):
            continue  # in two passes it would not pay, and one is looked at above
        passes = partition(widths, *line)
        seconds = sum(cost.of(len(rows) * max(widths[row] for row in rows)) for rows in passes)
        if tokens > best * seconds:
            best = tokens / seconds
            sizes = [window.size * (row in sent) for row, window in enumerate(windows)]
    return sizes


def partition(widths: Sequence[int], base: float, slope: float, limit: int | None = None) -> list[list[int]]:
    """Rows split into passes so that the whole takes least time: indices of ``widths``, longest rows first.

    A pass of n rows is padded to its widest and takes ``base + slope * n * width`` seconds; ``limit`` bounds
    its places, but for a row that alone exceeds it.
    """
    if not widths:
        return []
    order = sorted(range(len(widths)), key=lambda row: -widths[row])
    sizes = [widths[row] for row in order]
    # without a limit, rows of one width are best kept together: a pass begins where the width changes
    starts = [at for at, size in enumerate(sizes) if limit is not None or at == 0 or size != sizes[at - 1]]
    best: dict[int, tuple[float, int]] = {0: (0.0, 0)}  # time of the first rows, where their last pass starts
    for end in [*starts[1:], len(order)]:
        choices = []
        for start in starts:
            if start >= end:
                break
            places = (end - start) * sizes[start]
            if limit is None or places <= limit or end - start == 1:
                choices.append((best[start][0] + base + slope * places, start))
        best[end] = min(choices)
    passes = []
    end = len(order)
    while end:
        start = best[end][1]
        passes.append(order[start:end])
        end = start
    return passes[::-1]
