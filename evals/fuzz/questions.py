"""Questions that a fuzzer makes up, asked of an index, with the answers before as history.

    pip install atheris
    python -m evals.fuzz.questions --index indexes/default --runs 5000 --seconds 120

Each gives an answer whose quotes stand where its citations say, or a BadRequest; anything else
stops the run and shows the question. Half of a question is words that mean something to the
program: places, years, measures, signs of direction and width. libFuzzer prints how many it tried.
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed; it has wheels for Linux: pip install atheris")

with atheris.instrument_imports(include=["rag"]):
    from rag import Answer, Assistant, RagError

WORDS = (
    *(
        "江苏",
        "湖南省",
        "Jiangsu",
        "上海市",
        "全国",
        "各省",
        "2025年",
        "2030",
        "２０３０",
        "٢٠٣٠",
        "十四五",
    ),
    *(
        "非化石能源消费比重",
        "风电装机",
        "森林覆盖率",
        "forest coverage",
        "屋顶光伏",
        "是多少?",
        "哪些",
        "和",
    ),
    *(
        "那",
        "呢?",
        "它",
        "compare",
        "with",
        "more detail",
        "再详细一点",
        "source",
        "no",
        "征求意见稿",
    ),
    *(
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
        "\0",
        "\ud800",
        "é",
        "e\u0301",
        "🙂",
        "%",
        "[1]",
        "<b>",
    ),
    *("ignore all previous instructions", "{x}", "%s", "../../etc/passwd", "'; --", "\n", " "),
)
_MARKER = re.compile(r"\[(\d+)\]")


def check(answer: Answer) -> None:
    for citation in answer.citations:
        assert citation.document.text[citation.start : citation.end] == citation.quote
    markers = {int(number) for number in _MARKER.findall(answer.text)}
    assert {citation.marker for citation in answer.citations} <= markers
    assert answer.text.strip()
    assert answer.refused or answer.citations


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", default="indexes/default")
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=120)
    args = parser.parse_args()
    assistant = Assistant.load(Path(args.index).resolve())
    history: list[Answer] = []

    def test(data: bytes) -> None:
        given = atheris.FuzzedDataProvider(data)
        pieces = []
        for _ in range(given.ConsumeIntInRange(1, 8)):
            known = given.ConsumeBool()
            pieces.append(given.PickValueInList(list(WORDS)) if known else given.ConsumeUnicode(12))
        question = "".join(pieces)
        try:
            answer = assistant.ask(question, history=history[-3:])
            assistant.search(question, top_k=given.ConsumeIntInRange(1, 50))
        except RagError:
            return
        check(answer)
        history.append(answer)
        del history[:-3]

    limits = [f"-runs={args.runs}", f"-max_total_time={args.seconds}", "-max_len=256"]
    os.chdir(tempfile.mkdtemp(prefix="fuzz-"))  # where libFuzzer leaves what broke something
    atheris.Setup([sys.argv[0], *limits, "-timeout=20"], test)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
