"""What the site may do wrong, each by a switch; a seed makes it the same every time."""

import random
import threading
import time
from dataclasses import dataclass, field

SEARCH_FAULTS = ("query_error", "duplicates", "reordered", "short", "total", "empty")
IMAGE_FAULTS = ("corrupt", "cut", "tiny", "not_png")
COMMON_FAULTS = ("server_error", "busy", "timeout", "truncated", "drip", "redirect", "endless")
ALL = COMMON_FAULTS + SEARCH_FAULTS + IMAGE_FAULTS


@dataclass
class Faults:
    """Switches. Faults strike at random, but at most `most` times for one address."""

    rates: dict[str, float] = field(default_factory=dict)  # probability of each fault by name
    throttle_after: int | None = None  # good answers until the site throttles with HTML pages and status 200
    throttle_seconds: float = 1.0  # how long; asking meanwhile starts it anew
    hang_seconds: float = 3.0  # of a timeout, and of a drip at its longest
    most: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = set(self.rates) - set(ALL)
        if unknown:
            raise ValueError(f"no such fault: {unknown}")
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()
        self._struck: dict[str, int] = {}
        self._good = 0
        self._throttled_until = 0.0

    def throttled(self) -> bool:
        """Whether this request gets a throttle page."""
        with self._lock:
            if self.throttle_after is None:
                return False
            now = time.monotonic()
            if now < self._throttled_until:
                return True
            if self._good >= self.throttle_after:
                self._good = 0
                self._throttled_until = now + self.throttle_seconds
                return True
            self._good += 1
            return False

    def draw(self, address: str, possible: tuple[str, ...]) -> str | None:
        """The fault of this request, if any."""
        with self._lock:
            if self._struck.get(address, 0) >= self.most:
                return None
            for name in possible:
                if self._random.random() < self.rates.get(name, 0.0):
                    self._struck[address] = self._struck.get(address, 0) + 1
                    return name
        return None

    def spoil_page(self, fault: str | None, envelope: dict, everything: list[dict]) -> dict:
        """A search answer with a fault."""
        items = envelope["list"]
        with self._lock:
            if fault == "query_error":
                return {"total": 0, "Query-Error": "Invalid request type."}
            if fault == "total":
                return envelope | {"total": envelope["total"] + self._random.choice((-70, -1, 1, 30))}
            if fault == "short":
                items = items[: max(1, len(items) // 3)]
            if fault == "empty":
                items = []
            if fault == "reordered":  # items of other pages stand here, and the ones that belong here are nowhere
                items = [self._random.choice(everything) if self._random.random() < 0.2 else item for item in items]
                self._random.shuffle(items)
            if fault == "duplicates":
                items = [items[max(0, place - 1)] if place % 7 == 3 else item for place, item in enumerate(items)]
        return envelope | {"list": items, "count": len(items)}
