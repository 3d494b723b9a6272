"""How much one client may ask or try: a bucket of a minute's worth that refills steadily."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

PER_MINUTE = 60  # a reader asks a few; what asks more is a program, which can wait or be let in
MAX_CLIENTS = 10_000  # remembered at once; of more, those that asked longest ago are forgotten
_MINUTE_S = 60.0


class _Bucket(NamedTuple):
    left: float
    at_s: float


class Pace:
    """per_minute: for each client; 0 for any number. Safe to share between threads.

    A client is told apart by its address, so those behind one router share theirs. Behind a proxy
    on this machine it is the address that the proxy names in X-Forwarded-For.
    """

    def __init__(
        self, per_minute: int = PER_MINUTE, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_minute = per_minute
        self._now_s = now_s
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._counting = threading.Lock()

    def take(self, client: str) -> float:
        """Count a question: 0.0 if it may be asked, else the seconds until one may, uncounted."""
        if not self.per_minute:
            return 0.0
        per_s = self.per_minute / _MINUTE_S
        with self._counting:
            now_s = self._now_s()
            bucket = self._buckets.pop(client, _Bucket(self.per_minute, now_s))
            left = min(float(self.per_minute), bucket.left + (now_s - bucket.at_s) * per_s)
            free = left >= 1.0
            self._buckets[client] = _Bucket(left - 1.0 if free else left, now_s)
            if len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        return 0.0 if free else (1.0 - left) / per_s

    def give_back(self, client: str) -> None:
        """Uncount what was taken; nothing for a client that is forgotten."""
        with self._counting:
            if bucket := self._buckets.get(client):
                self._buckets[client] = bucket._replace(left=bucket.left + 1.0)
