"""Does a series of samples grow? A verdict that neither noise nor a first rise of pools and caches decides."""
import statistics

SETTLED = 1 / 3  # what comes before this part of a run is its rise


def slope(points):
    """Of [(seconds, value)]: the middle slope of all pairs (Theil and Sen), per second. A few outliers do not move it."""
    slopes = [(y2 - y1) / (x2 - x1) for i, (x1, y1) in enumerate(points) for x2, y2 in points[i + 1:] if x2 > x1]
    return statistics.median(slopes) if slopes else 0.0


def settled(points):
    """The samples after the rise; all of them when they are few."""
    if len(points) < 6:
        return points
    begin = points[0][0] + (points[-1][0] - points[0][0]) * SETTLED
    return [point for point in points if point[0] >= begin]


class Verdict:
    """`growth`: over the settled part, by its slope. More than `allowed` is a leak."""

    def __init__(self, points, allowed):
        part = settled(points)
        self.first, self.last = part[0][1], part[-1][1]
        self.per_hour = slope(part) * 3600
        self.growth = slope(part) * (part[-1][0] - part[0][0])
        self.allowed = allowed
        self.leaks = self.growth > allowed
