"""Small documents and hits whose answers can be told by eye."""

from rag.embedders import load_embedder
from rag.evidence.ranking import Ranker
from rag.query import understand
from rag.readers.outline import find_sections
from rag.settings import Settings
from rag.types import Chunk, Document, Hit, PageSpan, Query

PLAN = (
    "一、总体要求。坚持系统观念。"
    "二、主要目标。到2025年,非化石能源消费比重达到18%左右,单位能耗比2020年下降14%。"
    "到2030年,非化石能源消费比重达到25%左右。"
    "三、重点任务。(一)发展风电。推进海上风电基地建设。(二)发展光伏。推广屋顶光伏。"
)


def equal_rarity(word: str) -> float:
    return 1.0


def make_document(text: str = PLAN, id: str = "d", **fields: object) -> Document:
    turned = len(text) * 3 // 4
    spans = (PageSpan(343, 0, turned), PageSpan(344, turned, len(text)))
    defaults = {
        "region": "江苏省",
        "language": "zh",
        "work": id,
        "page_spans": spans,
        "sections": find_sections(text),
    }
    return Document(id, f"{fields.pop('title', '碳达峰方案')}", text, "d.txt", **defaults | fields)


def make_hit(document: Document, score: float = 1.0) -> Hit:
    """The whole document, as one chunk."""
    return Hit(Chunk(document, 0, len(document.text)), score)


def ask(question: str) -> Query:
    return understand(question)


def make_ranker(rarity=equal_rarity):
    return Ranker(rarity, load_embedder(Settings()).embed_passages)
