"""What has changed between two versions of a file."""


def changes(old, new):
    """The lines of both, each with what became of it."""
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            if old[i] == new[j]:
                longest[i][j] = longest[i + 1][j + 1] + 1
            else:
                longest[i][j] = max(longest[i + 1][j], longest[i][j + 1])
    out = []
    i = j = 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            out.append("  " + old[i])
            i += 1
            j += 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            out.append("- " + old[i])
            i += 1
        else:
            out.append("+ " + new[j])
            j += 1
    return out + ["- " + line for line in old[i:]] + ["+ " + line for line in new[j:]]


def main():
    changes(["a", "b", "c"], ["a", "c", "d"])
    changes(["x", "y", "x"], ["x"])
    changes(["if a:", "    b", "    c"], ["if a:", "    c ", "    b", "    c"])
    changes(["one", "two"], ["two", "one"])
    changes(["head", "p", "q", "r", "tail"], ["head", "q", "s", "p", "tail"])


#+ changes | lines that begin both need no table
def changes(old, new):
    same = 0
    while same < len(old) and same < len(new) and old[same] == new[same]:
        same += 1
    out = ["  " + line for line in old[:same]]
    old, new = old[same:], new[same:]
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            if old[i] == new[j]:
                longest[i][j] = longest[i + 1][j + 1] + 1
            else:
                longest[i][j] = max(longest[i + 1][j], longest[i][j + 1])
    i = j = 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            out.append("  " + old[i])
            i += 1
            j += 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            out.append("- " + old[i])
            i += 1
        else:
            out.append("+ " + new[j])
            j += 1
    out += ["- " + line for line in old[i:]]
    out += ["+ " + line for line in new[j:]]
    return out


#+ changes | rows of the table in local variables
def changes(old, new):
    rows = [[0] * (len(new) + 1)]
    for line in reversed(old):
        below = rows[-1]
        row = [0]
        add = row.append
        right = 0
        for j in range(len(new) - 1, -1, -1):
            if line == new[j]:
                right = below[j + 1] + 1
            elif below[j] > right:
                right = below[j]
            add(right)
        row.reverse()
        rows.append(row)
    rows.reverse()
    out = []
    i = j = 0
    n, m = len(old), len(new)
    while i < n and j < m:
        if old[i] == new[j]:
            out.append("  " + old[i])
            i += 1
            j += 1
        elif rows[i + 1][j] >= rows[i][j + 1]:
            out.append("- " + old[i])
            i += 1
        else:
            out.append("+ " + new[j])
            j += 1
    out.extend(["- " + line for line in old[i:]])
    out.extend(["+ " + line for line in new[j:]])
    return out


#- changes | return | equally good answers: additions before removals where both would do
def changes(old, new):
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        row, below = longest[i], longest[i + 1]
        for j in range(len(new) - 1, -1, -1):
            row[j] = below[j + 1] + 1 if old[i] == new[j] else max(below[j], row[j + 1])
    out = []
    i = j = 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            out.append("  " + old[i])
            i += 1
            j += 1
        elif longest[i + 1][j] > longest[i][j + 1]:
            out.append("- " + old[i])
            i += 1
        else:
            out.append("+ " + new[j])
            j += 1
    return out + ["- " + line for line in old[i:]] + ["+ " + line for line in new[j:]]


#- changes | return | common end: taking it off first is as short, but matches other lines
def changes(old, new):
    end = 0
    while end < len(old) and end < len(new) and old[-1 - end] == new[-1 - end]:
        end += 1
    tail = old[len(old) - end:]
    old, new = old[:len(old) - end], new[:len(new) - end]
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            if old[i] == new[j]:
                longest[i][j] = longest[i + 1][j + 1] + 1
            else:
                longest[i][j] = max(longest[i + 1][j], longest[i][j + 1])
    out = []
    i = j = 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            out.append("  " + old[i])
            i += 1
            j += 1
        elif longest[i + 1][j] >= longest[i][j + 1]:
            out.append("- " + old[i])
            i += 1
        else:
            out.append("+ " + new[j])
            j += 1
    return (out + ["- " + line for line in old[i:]] + ["+ " + line for line in new[j:]]
            + ["  " + line for line in tail])
