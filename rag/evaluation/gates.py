"""What a run must reach, for continuous integration: `recall@5=0.9`, `zh fact:facts=0.9`."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rag.errors import BadRequest
from rag.evaluation.reports import INTERVALS, Summary, cell

_EVERY = "all"


class Gate(NamedTuple):
    """The metric of a group must be at least `limit`; at most, if `is_ceiling`."""

    group: str
    metric: str
    limit: float
    is_ceiling: bool = False


def read_gate(text: str, *, is_ceiling: bool = False) -> Gate:
    """METRIC=NUMBER or GROUP:METRIC=NUMBER; raises BadRequest for anything else."""
    name, _, number = text.rpartition("=")
    group, _, metric = name.rpartition(":")
    try:
        limit = float(number)
    except ValueError:
        limit = float("nan")
    if not metric.strip() or math.isnan(limit):
        raise BadRequest(f"{text!r} is no limit; write METRIC=NUMBER, e.g. recall@5=0.9.")
    return Gate(group.strip() or _EVERY, metric.strip(), limit, is_ceiling)


def find_failures(summary: Summary, gates: Iterable[Gate]) -> Iterator[str]:
    """One line for each gate not reached: metric, value, what was needed.

    A metric without a value has not reached it. Raises BadRequest for one that no run has.
    """
    for gate in gates:
        value = _value(summary, gate)
        reached = value is not None and (
            value <= gate.limit if gate.is_ceiling else value >= gate.limit
        )
        if not reached:
            need = "at most" if gate.is_ceiling else "at least"
            name = gate.metric if gate.group == _EVERY else f"{gate.group}: {gate.metric}"
            shown = "without a value" if value is None else cell(gate.metric, value)
            yield f"{name} is {shown}, {need} {gate.limit:g} is needed"


def _value(summary: Summary, gate: Gate) -> float | None:
    if gate.group not in summary:
        raise BadRequest(
            f"there is no group {gate.group!r} in this run; the groups are {', '.join(summary)}."
        )
    columns = {name: v for name, v in summary[gate.group].items() if name != INTERVALS}
    if gate.metric not in columns:
        raise BadRequest(f"there is no metric {gate.metric!r}; one of {', '.join(columns)}.")
    value: float | None = columns[gate.metric]
    return value
