"""Whether a long-lived process grows with its work: the amount that it holds for each unit of work that it has done."""

from collections.abc import Sequence
from dataclasses import dataclass

WARM_UP_SHARE = 0.2  # of the work: caches and pools fill up
WORK_MIN = 15  # after the warm-up
PIECES = 12
PIECES_MIN = 4  # that have samples

Point = tuple[float, float]  # (work done, amount held)


@dataclass(frozen=True)
class Bound:
    """Growth is a leak if it is larger than both: ``each`` for one unit of work, ``total`` in the whole lifetime."""

    each: float
    total: float


@dataclass(frozen=True)
class Growth:
    """How an amount grew with ``work`` units of work, after the warm-up."""

    work: float
    slope: float  # for one unit of work

    def exceeds(self, bound: Bound) -> bool:
        return self.slope > bound.each and self.slope * self.work > bound.total


def growth(points: Sequence[Point]) -> Growth | None:
    """The growth of a lifetime. None if too little work was done.

    Faults make an amount rise and fall again. A leak raises the lowest amounts, too, so only these count: the lowest
    of each piece of the work.
    """
    if not points:
        return None
    begin, end = points[0][0], points[-1][0]
    begin += WARM_UP_SHARE * (end - begin)
    if end - begin < WORK_MIN:
        return None
    pieces: dict[int, Point] = {}
    for point in points:
        if point[0] >= begin:
            piece = min(PIECES - 1, int(PIECES * (point[0] - begin) / (end - begin)))
            pieces[piece] = min(pieces.get(piece, point), point, key=lambda each: each[1])
    lowest = list(pieces.values())
    return Growth(end - begin, slope(lowest)) if len(lowest) >= PIECES_MIN else None


def slope(points: Sequence[Point]) -> float:
    """The slope of the line with the least squares. The points differ in their work."""
    mean_work = sum(work for work, _ in points) / len(points)
    mean_amount = sum(amount for _, amount in points) / len(points)
    covariance = sum((work - mean_work) * (amount - mean_amount) for work, amount in points)
    return covariance / sum((work - mean_work) ** 2 for work, _ in points)
