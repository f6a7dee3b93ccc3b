"""Writes text/unicode_tables.inc: ranges and mappings of code points, from Python's unicodedata.

Usage: python tests/golden/unicode_tables.py
"""

import pathlib
import unicodedata

ALL = range(0x110000)


def ranges(holds):
    found, begin = [], None
    for point in [*ALL, None]:
        good = point is not None and holds(point)
        if good and begin is None:
            begin = point
        elif not good and begin is not None:
            found.append((begin, (point if point is not None else 0x110000) - 1))
            begin = None
    return found


def lines(items):
    text, line = "", "   "
    for item in items:
        if len(line) + len(item) + 2 > 118:
            text, line = text + line + "\n", "   "
        line += f" {item},"
    return text + line + "\n"


def table(name, kind, items):
    return f"constexpr {kind} {name}[] = {{\n{lines(items)}}};\n"


def category(point):
    return unicodedata.category(chr(point))


def range_table(name, holds):
    return table(name, "Range", [f"{{{a:#x}, {b:#x}}}" for a, b in ranges(holds)])


def mapping_table(name, mapping):
    """Targets of at most four code points."""
    return table(name, "Mapping", [f"{{{a:#x}, {{{', '.join(hex(ord(c)) for c in b)}}}}}" for a, b in mapping.items()])


def decomposition(point):
    hangul = 0xAC00 <= point <= 0xD7A3  # by arithmetic
    return None if hangul else unicodedata.normalize("NFD", chr(point))


def main():
    lower = {p: chr(p).lower() for p in ALL if category(p) != "Cs" and chr(p).lower() != chr(p) and len(chr(p).lower()) == 1}
    parts = {p: d for p in ALL if category(p) != "Cs" and (d := decomposition(p)) is not None and d != chr(p)}
    text = (
        f"// Unicode {unicodedata.unidata_version}, written by tests/golden/unicode_tables.py.\n"
        "// clang-format off\n"
        + range_table("kControl", lambda p: category(p) in ("Cc", "Cf", "Co") and chr(p) not in "\t\n\r")
        + range_table("kPunctuation", lambda p: category(p)[0] == "P")
        + range_table("kMarks", lambda p: category(p) == "Mn")
        + range_table("kBlanks", lambda p: category(p) == "Zs")
        + mapping_table("kLower", lower)
        + mapping_table("kDecomposed", parts)
    )
    (pathlib.Path(__file__).parents[2] / "text" / "unicode_tables.inc").write_text(text)


if __name__ == "__main__":
    main()
