"""Paths that every storage refuses, and names that every storage keeps to the letter."""

ESCAPES = (
    "",
    ".",
    "..",
    "../x",
    "a/../x",
    "a/..",
    "a/./x",
    "./x",
    "/etc/passwd",
    "//x",
    "a//x",
    "a/",
    "a\0b",
    "n" * 256,
    "é" * 128,
    "/".join(["d"] * 3000),
    "lone-\udc80",
    "lone-\ud800",
)
"""Paths that every operation refuses with `UnsafePath`."""

NAMES = ("a..b.txt", "..a", "a..", "...", ".hidden", "with space", "-rf", "é😀", "e\u0301", "*", "~", "n" * 255)
"""Names that are unusual, and fine."""
