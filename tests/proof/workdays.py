"""Deadlines in working days."""
from datetime import date, datetime, timedelta


def add_workdays(day, n, holidays):
    """A date, or a time on one, so many working days later or earlier."""
    step = 1 if n >= 0 else -1
    while n:
        day += timedelta(days=step)
        if day.weekday() < 5 and day not in holidays:
            n -= step
    return day


def main():
    holidays = [date(2024, 12, 26), date(2024, 12, 25), date(2025, 1, 1), date(2024, 12, 28)]
    add_workdays(date(2024, 12, 20), 5, holidays)
    add_workdays(date(2024, 12, 23), 12, holidays)
    add_workdays(date(2025, 1, 3), -6, holidays)
    add_workdays(datetime(2024, 2, 27, 17, 30), 3, [date(2024, 3, 1)])
    add_workdays(date(2025, 1, 4), 0, holidays)


#+ add_workdays | a set of holidays, a step made once
def add_workdays(day, n, holidays):
    off = set(holidays)
    step = 1 if n >= 0 else -1
    delta = timedelta(days=step)
    while n:
        day += delta
        if day.weekday() < 5 and day not in off:
            n -= step
    return day


#+ add_workdays | the weekday is counted along
def add_workdays(day, n, holidays):
    off = frozenset(holidays)
    step = 1 if n >= 0 else -1
    delta = timedelta(days=step)
    weekday = day.weekday()
    while n:
        day += delta
        weekday = (weekday + step) % 7
        if weekday < 5 and day not in off:
            n -= step
    return day


#- add_workdays | return | subclass lost: a time becomes a date
def add_workdays(day, n, holidays):
    off = {h.toordinal() for h in holidays}
    step = 1 if n >= 0 else -1
    number = day.toordinal()
    while n:
        number += step
        if (number - 1) % 7 < 5 and number not in off:
            n -= step
    return date.fromordinal(number)


#- add_workdays | return | counting twice: a holiday on a weekend moves the deadline too
def add_workdays(day, n, holidays):
    first = day
    step = 1 if n >= 0 else -1
    while n:
        day += timedelta(days=step)
        if day.weekday() < 5:
            n -= step
    late = sum(1 for h in holidays if type(day) is date and min(first, day) < h <= max(first, day))
    while late:
        day += timedelta(days=step)
        if day.weekday() < 5 and day not in holidays:
            late -= 1
    return day


#- add_workdays | args | order of an argument: sorts the holidays to search them
from bisect import bisect_left


def add_workdays(day, n, holidays):
    holidays.sort()
    step = 1 if n >= 0 else -1
    while n:
        day += timedelta(days=step)
        if day.weekday() < 5:
            at = bisect_left(holidays, day) if type(day) is date else len(holidays)
            if at == len(holidays) or holidays[at] != day:
                n -= step
    return day
