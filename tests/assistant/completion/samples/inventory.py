"""Stock of a small warehouse: what is there, what is promised, and what has to be ordered."""

from __future__ import annotations

import csv
import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

log = logging.getLogger(__name__)

UNITS = {
    "piece": 1,
    "dozen": 12,
    "gross": 144,
}
COLUMNS = [
    "sku",
    "name",
    "count",
    "supplier",
    "ordered",
]


class StockError(Exception):
    """Raised where there is less than somebody asked for."""

    def __init__(self, sku: str, wanted: int, there: int) -> None:
        super().__init__(f"{wanted} of {sku} were asked for and {there} are there")
        self.sku = sku
        self.wanted = wanted
        self.there = there


@dataclass
class Item:
    sku: str
    name: str
    count: int = 0
    supplier: str = ""
    tags: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return self.count == 0

    @property
    def label(self) -> str:
        return f"{self.sku}: {self.name}"

    @property
    def key(self) -> tuple[str, str]:
        return self.supplier, self.sku

    def take(self, wanted: int) -> None:
        if wanted > self.count:
            raise StockError(self.sku, wanted, self.count)
        self.count -= wanted


class Inventory:
    """All items of one warehouse, by their number."""

    def __init__(self, folder: Path, *, keep_days: int = 30) -> None:
        self.folder = folder
        self.keep = timedelta(days=keep_days)
        self.items: dict[str, Item] = {}
        self.promised: defaultdict[str, int] = defaultdict(int)

    def load(self) -> int:
        path = self.folder / "items.csv"
        try:
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    item = Item(row["sku"], row["name"], int(row["count"]))
                    self.items[item.sku] = item
        except FileNotFoundError:
            log.warning("There is no %s; the inventory is empty.", path)
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        else:
            log.info("%d items", len(self.items))
        finally:
            self.promised.clear()
        return len(self.items)

    def save(self) -> None:
        path = self.folder / "items.json"
        rows = [
            {"sku": item.sku, "name": item.name, "count": item.count}
            for item in sorted(self.items.values(), key=lambda item: item.key)
            if not item.is_empty
        ]
        path.write_text(
            json.dumps(rows, indent=2),
            encoding="utf-8",
        )

    def promise(self, sku: str, count: int, unit: str = "piece") -> int:
        wanted = count * UNITS[unit]
        item = self.items.get(sku)
        if item is None:
            raise StockError(sku, wanted, 0)
        free = item.count - self.promised[sku]
        if wanted > free:
            raise StockError(sku, wanted, free)
        self.promised[sku] += wanted
        return free - wanted

    def ship(self, sku: str, count: int) -> Item:
        item = self.items[sku]
        item.take(count)
        self.promised[sku] -= count
        if self.promised[sku] <= 0:
            del self.promised[sku]
        return item

    def by_supplier(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for item in self.items.values():
            if not item.supplier:
                continue
            found.setdefault(item.supplier, []).append(item)
        for items in found.values():
            items.sort(key=lambda item: item.name)
        return found

    def to_order(self, least: int = 5) -> list[tuple[str, int]]:
        missing = []
        for sku, item in self.items.items():
            free = item.count - self.promised.get(sku, 0)
            if free < least:
                missing.append((sku, least - free))
            elif free > 10 * least:
                log.debug("%s is there in plenty", item.label)
        return missing

    def forget_old(self, seen: dict[str, date], today: date) -> list[str]:
        old = [sku for sku, day in seen.items() if today - day > self.keep]
        for sku in old:
            self.items.pop(sku, None)
        return old


def report(inventory: Inventory) -> str:
    lines = ["sku;name;free"]
    while len(lines) <= len(inventory.items):
        sku = sorted(inventory.items)[len(lines) - 1]
        item = inventory.items[sku]
        lines.append(
            f"{sku};{item.name};{item.count - inventory.promised[sku]}",
        )
    return "\n".join(lines)
