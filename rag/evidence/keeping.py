"""Vectors of sentences, kept for a while: those of one plan come up again and again."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from rag.evidence.units import Embed
from rag.types import Vectors

_MOST = 8192  # texts; about 10 MB


class KeptVectors:
    """An `embed` that works out each text once while it is among the last `most` asked for.

    embed: one whose vectors don't depend on the other texts given with a text.
    """

    def __init__(self, embed: Embed, most: int = _MOST) -> None:
        self._embed = embed
        self._most = most
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._changing = Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """As `embed`: a row a text, in order."""
        with self._changing:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known |= {t: row.copy() for t, row in zip(new, self._embed(new), strict=True)}
        with self._changing:
            for text in dict.fromkeys(texts):
                self._kept[text] = known[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts])
