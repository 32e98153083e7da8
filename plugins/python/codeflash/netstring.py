# SPDX-License-Identifier: Apache-2.0
"""The recorder's configuration as one word: netstrings, so that any path can be in it."""

from __future__ import annotations


def pack(config: dict) -> str:
    words: list = []
    for key, value in config.items():
        for v in value if isinstance(value, list) else [value]:
            words += [key, str(v)]
    return "".join("%d:%s," % (len(w), w) for w in words)


def unpack(text: str) -> dict:
    """The same again, all values text; "only" is a list."""
    words = []
    at = 0
    while at < len(text):
        colon = text.index(":", at)
        end = colon + 1 + int(text[at:colon])
        words.append(text[colon + 1:end])
        at = end + 1
    config: dict = {"only": []}
    for key, value in zip(words[::2], words[1::2]):
        if key == "only":
            config["only"].append(value)
        else:
            config[key] = value
    return config
