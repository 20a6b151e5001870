"""Draw docs/contribute/architecture.svg from the imports themselves. `make docs` calls this; a test compares it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "contribute" / "architecture.svg"
#: What stands at the top level and is no room of the product.
_NO_ROOMS = frozenset({"docs", "tests", "benchmarks", "fixtures"})
_WIDTH, _BOX, _HEIGHT, _GAP = 170, 46, 64, 40


def rooms() -> list[str]:
    """The packages and modules at the top level."""
    packages = [path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in _NO_ROOMS]
    return sorted([*packages, *(path.stem for path in ROOT.glob("*.py"))])


def arrows() -> set[tuple[str, str]]:
    """Which room imports which."""
    known = set(rooms())
    found: set[tuple[str, str]] = set()
    for room in known:
        files = (ROOT / room).rglob("*.py") if (ROOT / room).is_dir() else [ROOT / f"{room}.py"]
        for file in files:
            targets = {
                name.partition(".")[0] for name in _imports(ast.parse(file.read_text(encoding="utf-8")))
            }
            found |= {(room, target) for target in targets & known - {room}}
    return found


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def floors(found: Collection[tuple[str, str]]) -> dict[str, int]:
    """How far each room stands above the ground: one more than the highest that it imports."""
    targets: dict[str, set[str]] = defaultdict(set)
    for room, target in found:
        targets[room].add(target)

    def floor(room: str, above: tuple[str, ...] = ()) -> int:
        if room in above:
            raise ValueError(f"rooms import each other in a circle: {' -> '.join((*above, room))}")
        return 1 + max((floor(target, (*above, room)) for target in targets[room]), default=-1)

    return {room: floor(room) for room in rooms()}


def drawn(found: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that no longer way stands for: what a room imports, it may also reach through others."""
    targets: dict[str, set[str]] = defaultdict(set)
    for room, target in found:
        targets[room].add(target)

    def reached(room: str) -> set[str]:
        return targets[room].union(*(reached(target) for target in targets[room]))

    return {
        (room, target)
        for room, target in found
        if not any(target in reached(other) for other in targets[room] if other != target)
    }


def picture() -> str:
    """The picture: the rooms by floor, and an arrow for each room that another imports."""
    found = arrows()
    levels: dict[int, list[str]] = defaultdict(list)
    for room, level in sorted(floors(found).items()):
        levels[level].append(room)
    top, widest = max(levels), max(len(names) for names in levels.values())
    width, height = widest * (_WIDTH + _GAP) + _GAP, (top + 1) * (_BOX + _HEIGHT) + _HEIGHT
    at: dict[str, tuple[int, int]] = {}
    for level, names in levels.items():
        left = (width - len(names) * (_WIDTH + _GAP) + _GAP) // 2
        for number, name in enumerate(names):
            at[name] = (left + number * (_WIDTH + _GAP), _HEIGHT // 2 + (top - level) * (_BOX + _HEIGHT))
    tip = '<path d="M0 0 9 4 0 8z" fill="#8a94a6"/>'
    marker = (
        f'<marker id="tip" markerWidth="9" markerHeight="9" refX="8" refY="4" orient="auto">{tip}</marker>'
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
        f"<defs>{marker}</defs>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    middle = _WIDTH // 2
    for room, target in sorted(drawn(found)):
        (x, y), (to_x, to_y) = at[room], at[target]
        line = f"M{x + middle} {y + _BOX} L{to_x + middle} {to_y}"
        parts.append(
            f'<path d="{line}" stroke="#8a94a6" stroke-width="1.5" fill="none" marker-end="url(#tip)">'
            f"<title>{room} imports {target}</title></path>"
        )
    for room, (x, y) in sorted(at.items()):
        parts.append(
            f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_BOX}" rx="8" fill="#e8eef9" stroke="#3b5b92"/>'
        )
        place = f'x="{x + middle}" y="{y + _BOX // 2 + 5}"'
        parts.append(f'<text {place} font-size="15" text-anchor="middle" fill="#1c2b45">{room}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
