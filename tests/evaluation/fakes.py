"""A tiny paged corpus, and an assistant over it whose answers can be worked out by hand."""

from rag.evaluation.folders import Setup
from rag.evaluation.rows import CitedRow, Row
from rag.types import Answer, Chunk, Citation, Document, Hit, PageSpan


def make_document(name, *pages, first=1, work=""):
    """A document with one page per text, printed from page `first` on."""
    spans, start = [], 0
    for number, text in enumerate(pages, first):
        spans.append(PageSpan(number, start, start + len(text)))
        start += len(text)
    title = f"{name} plan"
    return Document(name, title, "".join(pages), f"{name}.txt", work=work, page_spans=tuple(spans))


def make_hit(document, page, score=1.0):
    """A hit on the chunk that is one whole page."""
    span = next(span for span in document.page_spans if span.page == page)
    return Hit(Chunk(document, span.start, span.end), score)


def make_citation(document, quote, marker=1):
    """A sound citation of the first place where the document says `quote`."""
    start = document.text.index(quote)
    end = start + len(quote)
    pages = document.pages_of(start, end)
    return Citation(marker, quote, document, (), pages, start, end, score=1.0)


def make_answer(text, *citations, question="?", refused=False):
    return Answer(question, text, refused, citations, "en", "fake")


def cited(*, on_page, quote="q"):
    return CitedRow(1, "d", "d plan", (1,), quote, 0, len(quote), on_page)


def make_row(name="x", type="fact", lang="zh", **changes):
    """A row of a right answer, with the changes."""
    values = {
        "question": f"{name}?",
        "pages": (1,) if type != "unanswerable" else (),
        "must": (("!",),) if type != "unanswerable" else (),
        "works": ("d",) if type != "unanswerable" else (),
        "answer": "!",
        "refused": False,
        "answerable": 1.0,
        "citations": (),
        "scores": {"facts": 1.0, "false refusals": 0.0, "recall@1": 1.0, "MRR": 1.0},
        "verdict": "right",
        "missing_facts": (),
        "citation_violations": (),
        "stray_figures": (),
        "chars": 10,
        "ask_s": 0.010,
        "search_s": 0.001,
    }
    return Row(id=name, type=type, lang=lang, **values | changes)


def make_setup(**changes):
    values = {
        "index": "indexes/a",
        "index_checksum": "i1",
        "questions": "set.jsonl",
        "questions_checksum": "q1",
        "count": 2,
        "settings": {"generator": "embedded", "embedder": ""},
        "program_checksum": "p1",
        "workers": 1,
        "started": "2026-11-22T20:00:00+00:00",
        "titles": {"d": "d plan"},
    }
    return Setup(**values | changes)


class PageAssistant:
    """Finds the pages that share most words with the question; quotes the best, or refuses."""

    def __init__(self, documents):
        self._hits = [make_hit(d, page) for d in documents for page in d.pages]
        self.asked = []

    def search(self, question, *, top_k=10):
        words = set(question.lower().split())
        scored = [
            Hit(hit.chunk, float(len(words & set(hit.chunk.text.lower().split()))))
            for hit in self._hits
        ]
        best = sorted(scored, key=lambda hit: -hit.score)
        return tuple(hit for hit in best if hit.score)[:top_k]

    def ask(self, question, *, region=None, level=None, status=None, document=None):
        self.asked.append(question)
        hits = self.search(question, top_k=1)
        if not hits:
            return make_answer("The documents do not say.", question=question, refused=True)
        chunk = hits[0].chunk
        citation = make_citation(chunk.document, chunk.text)
        return make_answer(f"{chunk.text}[1]", citation, question=question)
