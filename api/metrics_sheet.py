"""Families of samples with a bound on how many series each may have."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from market.histogram import Histogram

#: Series of one family. What is configured stays far below; what a feed could make up does not
#: get beyond it.
SERIES_MAX = 2_000

#: The prefix of every name of ours.
PREFIX = "crossquote_"

#: Edges of exported histograms: powers of two of ns, from 256 ns to 8.6 s.
FIRST_POWER, LAST_POWER = 8, 33
_EDGES = [repr((1 << power) / 1e9) for power in range(FIRST_POWER, LAST_POWER + 1)]

Values = tuple[str, ...]
Row = tuple[Values, float]
_Row = TypeVar("_Row", Row, tuple[Values, Histogram])
_Family = TypeVar("_Family", CounterMetricFamily, GaugeMetricFamily)


class Sheet:
    """Makes families; `dropped` counts the series that found no room in theirs, by family."""

    def __init__(self) -> None:
        self.dropped: dict[str, int] = {}

    def counter(self, name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
        """Return a counter; its samples have the suffix `_total`."""
        return self._filled(CounterMetricFamily(PREFIX + name, text, labels=labels), rows)

    def gauge(self, name: str, text: str, labels: Sequence[str], rows: Iterable[Row]) -> Metric:
        """Return a gauge."""
        return self._filled(GaugeMetricFamily(PREFIX + name, text, labels=labels), rows)

    def number(self, name: str, text: str, value: float) -> Metric:
        """Return a gauge without labels."""
        return self.gauge(name, text, (), [((), value)])

    def total(self, name: str, text: str, value: float) -> Metric:
        """Return a counter without labels."""
        return self.counter(name, text, (), [((), value)])

    def histogram(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        rows: Iterable[tuple[Values, Histogram]],
    ) -> Metric:
        """Return a histogram in seconds of histograms in ns."""
        family = HistogramMetricFamily(PREFIX + name, text, labels=labels)
        for values, held in self._bounded(PREFIX + name, rows):
            counts = held.powers(FIRST_POWER, LAST_POWER)
            buckets = [*zip(_EDGES, map(float, counts), strict=True), ("+Inf", float(held.count))]
            family.add_metric(values, buckets, held.sum / 1e9)
        return family

    def _filled(self, family: _Family, rows: Iterable[Row]) -> _Family:
        for values, value in self._bounded(family.name, rows):
            family.add_metric(values, value)
        return family

    def _bounded(self, name: str, rows: Iterable[_Row]) -> Iterator[_Row]:
        for number, row in enumerate(rows):
            if number < SERIES_MAX:
                yield row
            else:
                self.dropped[name] = self.dropped.get(name, 0) + 1
