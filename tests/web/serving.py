"""The page served from a thread, a fake assistant to put behind it, and words that must not run."""

import gc
import socket
import threading
import warnings
from contextlib import contextmanager

import pytest

from rag import Address
from rag.types import Answer, Citation, Document, PageSpan

# What Gradio 6.31 does in threads of its own: pandas options and arguments that pandas 3
# deprecates, sockets and loops that it leaves to the garbage collector.
SLOW = [
    pytest.mark.slow,  # gradio and the browser take some ten seconds to start
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>${hacked=1}{{x}}'
PLAN = Document(
    id="p1",
    title="甲省碳达峰实施方案",
    text="一、主要目标。到2025年,森林覆盖率达到12%,非化石能源消费比重达到20%左右。二、重点任务。",
    source="p1.md",
    region="甲省",
    level="province",
    status="draft",
    url="https://www.example.gov.cn/p1.html",
    language="zh",
    page_spans=(PageSpan(12, 0, 20), PageSpan(13, 20, 48)),
)
TRAP = Document(
    id="p2",
    title=HOSTILE,
    text=f"前文{HOSTILE}后文",
    source="p2.md",
    region="乙省",
    status="final",
    url="javascript:window.hacked=1",
)


def cite(marker, document, quote):
    start = document.text.index(quote)
    end = start + len(quote)
    pages = document.pages_of(start, end)
    return Citation(marker, quote, document, ("一、主要目标",), pages, start, end, 0.9)


class FakeAssistant:
    """Answers by the first word of the question; waits before the last piece until `go` is set."""

    documents = (PLAN, TRAP)
    generators = ("embedded", "another")

    def __init__(self, index):
        self.index = index  # for the other tabs
        self.go = threading.Event()
        self.asked = []

    def targets(self, *given, **named):
        return ()

    def stream(self, question, *, history=(), **options):
        from rag.errors import BadRequest, IndexDamaged

        self.asked.append((question, [answer.question for answer in history], options))
        match question.split()[0]:
            case "refuse":
                text, cited = "文件里没有丙省的方案。", ()
            case "trap":
                text, cited = f"{HOSTILE} [1]", (cite(1, TRAP, HOSTILE),)
            case "fault":
                raise ValueError("a secret of the program")
            case "damaged":
                raise IndexDamaged("/secret/path is gone")
            case "unusable":
                raise BadRequest("名称不明")
            case _:
                text = "非化石能源消费比重达到 20% 左右 [1]，森林覆盖率 12% [2]。"
                quotes = ("非化石能源消费比重达到20%左右", "森林覆盖率达到12%")
                cited = tuple(cite(n, PLAN, quote) for n, quote in enumerate(quotes, 1))
        yield text[:5]
        assert self.go.wait(20)
        yield text[5:]
        yield Answer(question, text, not cited, cited, "zh", "fake", {"total": 0.1})


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def serving(assistant, index=None, *, mcp=False, per_minute=0, **address):
    """per_minute: any number by itself, since tests ask faster than people."""
    from rag.web.page import start_page

    at = Address(port=free_port(), **address)
    page = start_page(assistant, index=index, address=at, mcp=mcp, per_minute=per_minute)
    try:
        yield page.local_url
    finally:
        page.close(verbose=False)
        collect_what_gradio_left()


def collect_what_gradio_left():
    """Its sockets and loops go while their warnings are ignored, not in some later test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
