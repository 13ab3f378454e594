"""Paths that every storage rejects, and names that every storage keeps unchanged."""

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
"""Paths for which every operation raises `UnsafePath`."""

NAMES = ("a..b.txt", "..a", "a..", "...", ".hidden", "with space", "-rf", "é😀", "e\u0301", "*", "~", "n" * 255)
"""Unusual but valid names."""
