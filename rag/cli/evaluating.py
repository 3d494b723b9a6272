"""The commands about question sets: eval, compare."""

import argparse

from rag.cli.arguments import GATE_CODE, settings_of
from rag.cli.terminal import Bars, show, warn


def run_eval(args: argparse.Namespace) -> int:
    from rag.evaluation import batches, files, gates, reports  # load pandas

    wanted = [gates.read_gate(text) for text in args.fail_under]
    wanted += [gates.read_gate(text, is_ceiling=True) for text in args.fail_over]
    with Bars(hidden=args.json) as bars:
        run = batches.evaluate(
            args.questions,
            index=args.index,
            settings=settings_of(args),
            out=args.out,
            workers=args.workers,
            fresh=args.fresh,
            progress=lambda done, total: bars("asking", done, total),
        )
    summary = reports.summarise(run.rows)
    if args.out:
        files.write_reports(run, summary, args.out)
    told = "\n\n".join(filter(None, (reports.render(summary), reports.judge_note(run.rows))))
    show(args, summary, told)
    failures = list(gates.find_failures(summary, wanted))
    for failure in failures:
        warn(failure)
    return GATE_CODE if failures else 0


def run_compare(args: argparse.Namespace) -> int:
    from rag.evaluation import comparisons, folders

    runs = [folders.load_run(folder) for folder in (args.before, args.after)]
    found = comparisons.compare(*runs, names=(str(args.before), str(args.after)))
    show(args, comparisons.comparison_row(found), comparisons.render_comparison(found))
    return 0
