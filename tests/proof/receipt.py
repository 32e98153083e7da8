"""A table printed for people."""


def print_table(rows):
    """Columns as wide as they need be, numbers to the right; a cell without a value is an error."""
    widths = []
    for column in range(len(rows[0])):
        width = 0
        for row in rows:
            width = max(width, len(str(row[column])))
        widths.append(width)
    for number, row in enumerate(rows):
        line = ""
        for cell, width in zip(row, widths):
            if cell is None:
                raise ValueError(f"row {number}: nothing to print")
            line += (str(cell).rjust(width) if type(cell) in (int, float) else str(cell).ljust(width)) + "  "
        print(line.rstrip())


def main():
    print_table([["item", "n", "price", "sent"], ["tea", 2, 3.5, True], ["coffee beans", 11, 129.0, False]])
    print_table([["größe", "note"], ["L", ""], ["XXL", "last one"]])
    for rows in ([["a", 1], ["b", None], ["c", 3]], []):
        try:
            print_table(rows)
        except (ValueError, IndexError):
            pass


#+ print_table | text made once, widths by max
def print_table(rows):
    texts = [[str(row[column]) for row in rows] for column in range(len(rows[0]))]
    widths = [max(0, *map(len, column)) for column in texts]
    for number, row in enumerate(rows):
        parts = []
        for cell, width, column in zip(row, widths, texts):
            if cell is None:
                raise ValueError(f"row {number}: nothing to print")
            text = column[number]
            parts.append(text.rjust(width) if type(cell) in (int, float) else text.ljust(width))
        print("  ".join(parts).rstrip())


#+ print_table | printed at once, an error included
def print_table(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    lines = []
    try:
        for number, row in enumerate(rows):
            parts = []
            for cell, width in zip(row, widths):
                if cell is None:
                    raise ValueError(f"row {number}: nothing to print")
                parts.append(str(cell).rjust(width) if type(cell) in (int, float) else str(cell).ljust(width))
            lines.append("  ".join(parts).rstrip() + "\n")
    finally:
        print("".join(lines), end="")


#- print_table | stdout | trailing spaces: left at the end of a line
def print_table(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        parts = []
        for cell, width in zip(row, widths):
            if cell is None:
                raise ValueError(f"row {number}: nothing to print")
            parts.append(str(cell).rjust(width) if type(cell) in (int, float) else str(cell).ljust(width))
        print("  ".join(parts))


#- print_table | stdout | bool is an int: True and False go to the right
def print_table(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        parts = []
        for cell, width in zip(row, widths):
            if cell is None:
                raise ValueError(f"row {number}: nothing to print")
            parts.append(str(cell).rjust(width) if isinstance(cell, (int, float)) else str(cell).ljust(width))
        print("  ".join(parts).rstrip())


#- print_table | stdout | output before an error: nothing is printed of a table with a hole
def print_table(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for number, row in enumerate(rows):
        parts = []
        for cell, width in zip(row, widths):
            if cell is None:
                raise ValueError(f"row {number}: nothing to print")
            parts.append(str(cell).rjust(width) if type(cell) in (int, float) else str(cell).ljust(width))
        lines.append("  ".join(parts).rstrip())
    print("\n".join(lines))


#- print_table | stdout | stream: written to standard error
import sys


def print_table(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        parts = []
        for cell, width in zip(row, widths):
            if cell is None:
                raise ValueError(f"row {number}: nothing to print")
            parts.append(str(cell).rjust(width) if type(cell) in (int, float) else str(cell).ljust(width))
        print("  ".join(parts).rstrip(), file=sys.stderr)
