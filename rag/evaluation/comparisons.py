"""Two runs of one question set, question by question: which is better, where, and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rag.errors import BadRequest
from rag.evaluation.folders import Run
from rag.evaluation.intervals import Difference, compare_paired
from rag.evaluation.reports import SCORES, SHARES
from rag.evaluation.rows import Row
from rag.evaluation.verdicts import PASSED

_PASSED = "passed"
_TIMES = {"ask ms": "ask_s", "search ms": "search_s"}
_LEAST_P = 0.001  # shown; below, "<0.001" rather than nought
_SHOWN = 60  # characters of a question that a listing shows


class Turned(NamedTuple):
    """A question whose verdict passed in one run and not in the other."""

    id: str
    type: str
    lang: str
    question: str
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """differences: metric -> Difference, over the questions that both runs score.

    won, lost: what passes in the second run alone, in the first alone; in order of the questions.
    moves: (verdict before, verdict after) -> questions, the commonest first; unmoved left out.
    """

    before: str
    after: str
    questions: int
    differences: dict[str, Difference]
    won: tuple[Turned, ...]
    lost: tuple[Turned, ...]
    moves: dict[tuple[str, str], int]


def compare(before: Run, after: Run, *, names: tuple[str, str]) -> Comparison:
    """Over the questions that both asked with the same words; raises BadRequest if none is.

    names: what to call the two runs, e.g. their folders.
    """
    later = {(row.id, row.question): row for row in after.rows}
    pairs = [
        (row, later[row.id, row.question]) for row in before.rows if (row.id, row.question) in later
    ]
    if not pairs:
        raise BadRequest(
            f"{names[0]} and {names[1]} share no question; compare two runs of one question set."
        )
    turned = [(_turned(a, b), b.verdict in PASSED) for a, b in pairs if _passed(a) != _passed(b)]
    moves = Counter((a.verdict, b.verdict) for a, b in pairs if a.verdict != b.verdict)
    return Comparison(
        *names,
        questions=len(pairs),
        differences=_differences(pairs),
        won=tuple(question for question, is_won in turned if is_won),
        lost=tuple(question for question, is_won in turned if not is_won),
        moves=dict(moves.most_common()),
    )


def comparison_row(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON can hold it."""
    return {
        "before": comparison.before,
        "after": comparison.after,
        "questions": comparison.questions,
        "differences": {n: d._asdict() for n, d in comparison.differences.items()},
        "won": [turned._asdict() for turned in comparison.won],
        "lost": [turned._asdict() for turned in comparison.lost],
        "moves": [[*move, count] for move, count in comparison.moves.items()],
    }


def render_comparison(comparison: Comparison) -> str:
    """Differences with interval and p, then the questions won and lost, each with its reason."""
    lines = [
        f"{comparison.questions} questions asked in both: "
        f"{comparison.before} (before), {comparison.after} (after)",
        "",
        f"{'':17} {'n':>5} {'before':>8} {'after':>8} {'gain':>8}  {'95 % interval':^19} {'p':>6}",
        *(_line(name, d) for name, d in comparison.differences.items()),
    ]
    for title, turned in (("won", comparison.won), ("lost", comparison.lost)):
        lines += ["", f"{title}: {len(turned)}", *map(_turned_line, turned)]
    if comparison.moves:
        moves = comparison.moves.items()
        lines += ["", "moved", *(f"{n:5}  {a} -> {b}" for (a, b), n in moves)]
    return "\n".join(lines)


def _passed(row: Row) -> bool:
    return row.verdict in PASSED


def _turned(before: Row, after: Row) -> Turned:
    return Turned(
        before.id, before.type, before.lang, before.question, before.verdict, after.verdict
    )


def _differences(pairs: Sequence[tuple[Row, Row]]) -> dict[str, Difference]:
    measured = [(_measured(before), _measured(after)) for before, after in pairs]
    names = dict.fromkeys((_PASSED, *SCORES, "chars", *_TIMES))
    both = {
        name: [(a[name], b[name]) for a, b in measured if name in a and name in b] for name in names
    }
    return {
        name: compare_paired([a for a, _ in values], [b for _, b in values])
        for name, values in both.items()
        if values
    }


def _measured(row: Row) -> Mapping[str, float]:
    times = {name: 1000 * getattr(row, seconds) for name, seconds in _TIMES.items()}
    return {**row.scores, _PASSED: float(_passed(row)), "chars": float(row.chars), **times}


def _line(name: str, d: Difference) -> str:
    digits = 3 if name in SHARES or name == _PASSED else 1
    ends = f"{d.low:+.{digits}f} to {d.high:+.{digits}f}"
    figures = f"{d.before:8.{digits}f} {d.after:8.{digits}f} {d.gain:+8.{digits}f}"
    p = f"{d.p:6.3f}" if d.p >= _LEAST_P else f"<{_LEAST_P}"
    return f"{name:17} {d.n:5} {figures}  {ends:^19} {p}"


def _turned_line(turned: Turned) -> str:
    asked = turned.question
    shown = asked if len(asked) <= _SHOWN else asked[: _SHOWN - 1] + "…"
    return f"  {turned.id:10} {turned.before} -> {turned.after}: {shown}"
