# SPDX-License-Identifier: Apache-2.0
"""The report as the morning shift reads it: plain text, fixed columns."""


def money(amount):
    return f"{amount // 100:,}.{amount % 100:02d}"


def heading(title):
    return f"\n{title}\n{'-' * len(title)}\n"


def table(rows, layout):
    """Rows of cells under a layout such as '<20 >8': alignment and width of each column."""
    columns = [(cell[0], int(cell[1:])) for cell in layout.split()]
    text = ""
    for row in rows:
        line = ""
        for (side, width), cell in zip(columns, row):
            line += f"{str(cell):{side}{width}} "
        text += line.rstrip() + "\n"
    return text


def render(sections):
    """The whole report out of (title, rows, layout)."""
    text = "NIGHTLY RECONCILIATION\n"
    for title, rows, layout in sections:
        text += heading(title)
        text += table(rows, layout) if rows else "nothing to report\n"
    return text
