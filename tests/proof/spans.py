"""Opening hours: spans of minutes that touch or overlap become one."""


def merge(spans):
    merged = []
    for span in sorted(spans):
        for other in merged:
            if span[0] <= other[1]:
                other[1] = max(other[1], span[1])
                break
        else:
            merged.append(list(span))
    return merged


def main():
    merge([[540, 720], [480, 600], [780, 1020], [1020, 1080]])
    merge([[0, 10], [20, 30], [5, 15], [50, 60], [15, 18]])
    merge([[30, 90], [0, 20], [21, 29]])
    merge([[60 * h, 60 * h + 45 + h] for h in (9, 17, 8, 12, 10, 11)])


#+ merge | in sorted order only the last span can be touched
def merge(spans):
    merged = []
    for span in sorted(spans):
        if merged and span[0] <= merged[-1][1]:
            last = merged[-1]
            last[1] = max(last[1], span[1])
        else:
            merged.append(list(span))
    return merged


#+ merge | the last span is kept in a local variable
def merge(spans):
    merged = []
    last = None
    for span in sorted(spans):
        if last is not None and span[0] <= last[1]:
            if span[1] > last[1]:
                last[1] = span[1]
        else:
            last = list(span)
            merged.append(last)
    return merged


#- merge | args | mutation of an argument: sorts the caller's own list
def merge(spans):
    spans.sort()
    merged = []
    for span in spans:
        if merged and span[0] <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], span[1])
        else:
            merged.append(list(span))
    return merged


#- merge | args | aliasing: gives out, and widens, the caller's own spans
def merge(spans):
    merged = []
    for span in sorted(spans):
        if merged and span[0] <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], span[1])
        else:
            merged.append(span)
    return merged


#- merge | return | boundary: spans that only touch stay apart
def merge(spans):
    merged = []
    for span in sorted(spans):
        if merged and span[0] < merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], span[1])
        else:
            merged.append(list(span))
    return merged


#- merge | derived | empty input: the first span is taken before it is known that there is one
def merge(spans):
    ordered = sorted(spans)
    merged = [list(ordered[0])]
    for span in ordered[1:]:
        if span[0] <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], span[1])
        else:
            merged.append(list(span))
    return merged


#- merge | derived | sentinel: -1 stands for no span yet, which a negative time is not above
def merge(spans):
    merged = []
    end = -1
    for span in sorted(spans):
        if span[0] <= end:
            if span[1] > end:
                merged[-1][1] = end = span[1]
        else:
            merged.append(list(span))
            end = span[1]
    return merged
