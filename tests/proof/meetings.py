"""Shifts that follow each other in real time, as the clock on the wall shows them."""
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo


def occurrences(start, hours, count):
    out = []
    moment = start
    for _ in range(count):
        out.append(moment)
        moment = (moment.astimezone(timezone.utc) + timedelta(hours=hours)).astimezone(start.tzinfo)
    return out


def main():
    berlin, york = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
    occurrences(datetime(2024, 10, 26, 18, 30, tzinfo=berlin), 8, 4)
    occurrences(datetime(2024, 10, 27, 0, 30, tzinfo=berlin), 1, 5)
    occurrences(datetime(2024, 3, 9, 22, 0, tzinfo=york), 6, 4)
    occurrences(datetime(2024, 6, 1, 9, 0, tzinfo=berlin), 24, 3)
    occurrences(datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=1), 1, 2)


#+ occurrences | converted to UTC once
def occurrences(start, hours, count):
    zone = start.tzinfo
    base = start.astimezone(timezone.utc)
    step = timedelta(hours=hours)
    out = [start] if count > 0 else []
    for _ in range(count - 1):
        base += step
        out.append(base.astimezone(zone))
    return out


#+ occurrences | each by itself from the first
def occurrences(start, hours, count):
    first = start.astimezone(timezone.utc)
    return [start if i == 0 else (first + i * timedelta(hours=hours)).astimezone(start.tzinfo)
            for i in range(count)]


#- occurrences | return | daylight saving: adds hours to what the clock shows
def occurrences(start, hours, count):
    step = timedelta(hours=hours)
    return [start + i * step for i in range(count)]


#- occurrences | return | fold: the second of two equal hours is made the first
def occurrences(start, hours, count):
    first = start.astimezone(timezone.utc)
    out = []
    for i in range(count):
        t = (first + i * timedelta(hours=hours)).astimezone(start.tzinfo)
        out.append(datetime(t.year, t.month, t.day, t.hour, t.minute, t.second, t.microsecond, t.tzinfo))
    return out


#- occurrences | return | zone: given out in UTC, equal as times go
def occurrences(start, hours, count):
    out = []
    moment = start
    for _ in range(count):
        out.append(moment)
        moment = moment.astimezone(timezone.utc) + timedelta(hours=hours)
    return out
