"""Readings of an instrument, summed up."""


def summary(values):
    if not values:
        return None
    n = len(values)
    mean = sum(values) / n
    variance = sum([(v - mean) ** 2 for v in values]) / n
    low = high = values[0]
    for v in values:
        if v < low:
            low = v
        if v > high:
            high = v
    return {"n": n, "mean": mean, "sd": variance ** 0.5, "low": low, "high": high}


def main():
    nan = float("nan")
    summary([21.5, 21.75, 22.0, 21.25])
    summary([1.7e9 + i * 0.25 for i in (0, 3, 1, 2)])
    summary([3, 5, 4, 8])
    summary([2.0, nan, 1.0, 7.0, nan, 3.0])
    summary([])


#+ summary | min and max of C
def summary(values):
    if not values:
        return None
    n = len(values)
    mean = sum(values) / n
    total = sum((v - mean) ** 2 for v in values)
    return {"n": n, "mean": mean, "sd": (total / n) ** 0.5, "low": min(values), "high": max(values)}


#+ summary | differences from the mean kept
def summary(values):
    n = len(values)
    if n == 0:
        return None
    mean = sum(values) / n
    differences = [v - mean for v in values]
    variance = sum([d ** 2 for d in differences]) / n
    return {"n": n, "mean": mean, "sd": variance ** 0.5, "low": min(values), "high": max(values)}


#- summary | return | numeric drift: mean of squares less square of mean
def summary(values):
    if not values:
        return None
    n = len(values)
    mean = sum(values) / n
    variance = sum(v * v for v in values) / n - mean * mean
    return {"n": n, "mean": mean, "sd": max(variance, 0.0) ** 0.5 if variance == variance else variance,
            "low": min(values), "high": max(values)}


#- summary | return | not a number: sorting puts low and high anywhere
def summary(values):
    if not values:
        return None
    n = len(values)
    mean = sum(values) / n
    variance = sum([(v - mean) ** 2 for v in values]) / n
    ordered = sorted(values)
    return {"n": n, "mean": mean, "sd": variance ** 0.5, "low": ordered[0], "high": ordered[-1]}


#- summary | return | int for float: the mean of integers that comes out even
import statistics


def summary(values):
    if not values:
        return None
    mean = statistics.mean(values)
    variance = sum([(v - mean) ** 2 for v in values]) / len(values)
    return {"n": len(values), "mean": mean, "sd": variance ** 0.5, "low": min(values), "high": max(values)}
