"""Which job runs when on which machine."""


def plan(jobs, machines):
    """(name, machine, begin): of the jobs that wait, those of the highest priority first, then as they came."""
    if any(job["minutes"] < 0 for job in jobs):
        raise ValueError("a job of negative length")
    waiting = list(jobs)
    free = [0] * machines
    out = []
    while waiting:
        machine = free.index(min(free))
        now = free[machine]
        ready = [job for job in waiting if job["at"] <= now]
        if not ready:
            ready = [min(waiting, key=lambda job: job["at"])]
        best = ready[0]
        for job in ready:
            if job["priority"] > best["priority"]:
                best = job
        waiting.remove(best)
        begin = max(now, best["at"])
        free[machine] = begin + best["minutes"]
        out.append((best["name"], machine, begin))
    return out


def job(name, at, priority, minutes):
    return {"name": name, "at": at, "priority": priority, "minutes": minutes}


def main():
    plan([job("mail", 0, 1, 5), job("backup", 0, 1, 30), job("invoice", 2, 5, 3), job("index", 2, 1, 4),
          job("sync", 50, 2, 1), job("probe", 50, 9, 1)], 1)
    plan([job(f"j{n}", n * 3 % 11, n % 3, 1 + n * 7 % 5) for n in range(14)], 2)
    plan([job("late", 9, 1, 1), job("early", 4, 0, 2)], 3)
    plan([], 2)


#+ plan | a heap of what waits
import heapq


def plan(jobs, machines):
    if any(job["minutes"] < 0 for job in jobs):
        raise ValueError("a job of negative length")
    coming = sorted(range(len(jobs)), key=lambda i: jobs[i]["at"])
    free = [0] * machines
    ready = []
    out = []
    at = 0
    while at < len(coming) or ready:
        first = min(free)
        machine = free.index(first)
        while at < len(coming) and jobs[coming[at]]["at"] <= first:
            heapq.heappush(ready, (-jobs[coming[at]]["priority"], coming[at]))
            at += 1
        if ready:
            best = jobs[heapq.heappop(ready)[1]]
        else:
            best = jobs[coming[at]]
            at += 1
        begin = max(first, best["at"])
        free[machine] = begin + best["minutes"]
        out.append((best["name"], machine, begin))
    return out


#+ plan | max for the loop, del by place
def plan(jobs, machines):
    if any(job["minutes"] < 0 for job in jobs):
        raise ValueError("a job of negative length")
    waiting = list(jobs)
    free = [0] * machines
    out = []
    while waiting:
        now = min(free)
        machine = free.index(now)
        ready = [i for i, job in enumerate(waiting) if job["at"] <= now]
        if ready:
            i = max(ready, key=lambda i: waiting[i]["priority"])
        else:
            i = min(range(len(waiting)), key=lambda i: waiting[i]["at"])
        best = waiting.pop(i)
        begin = max(now, best["at"])
        free[machine] = begin + best["minutes"]
        out.append((best["name"], machine, begin))
    return out


#- plan | kind | ties in a heap: jobs of one priority are compared, which mappings cannot be
import heapq


def plan(jobs, machines):
    if any(job["minutes"] < 0 for job in jobs):
        raise ValueError("a job of negative length")
    coming = sorted(range(len(jobs)), key=lambda i: jobs[i]["at"])
    free = [0] * machines
    ready = []
    out = []
    at = 0
    while at < len(coming) or ready:
        now = min(free)
        machine = free.index(now)
        while at < len(coming) and jobs[coming[at]]["at"] <= now:
            heapq.heappush(ready, (-jobs[coming[at]]["priority"], jobs[coming[at]]))
            at += 1
        if ready:
            best = heapq.heappop(ready)[1]
        else:
            best = jobs[coming[at]]
            at += 1
        begin = max(now, best["at"])
        free[machine] = begin + best["minutes"]
        out.append((best["name"], machine, begin))
    return out


#- plan | return | ties: of equal priorities the last that came is first
def plan(jobs, machines):
    if any(job["minutes"] < 0 for job in jobs):
        raise ValueError("a job of negative length")
    waiting = list(jobs)
    free = [0] * machines
    out = []
    while waiting:
        now = min(free)
        machine = free.index(now)
        ready = [job for job in waiting if job["at"] <= now]
        best = max(reversed(ready), key=lambda job: job["priority"]) if ready else min(
            waiting, key=lambda job: job["at"])
        waiting.remove(best)
        begin = max(now, best["at"])
        free[machine] = begin + best["minutes"]
        out.append((best["name"], machine, begin))
    return out


#- plan | return | lost idleness: a machine that waits for a job is not made to
def plan(jobs, machines):
    if any(job["minutes"] < 0 for job in jobs):
        raise ValueError("a job of negative length")
    waiting = list(jobs)
    free = [0] * machines
    out = []
    while waiting:
        now = min(free)
        machine = free.index(now)
        ready = [job for job in waiting if job["at"] <= now] or [min(waiting, key=lambda job: job["at"])]
        best = max(ready, key=lambda job: job["priority"])
        waiting.remove(best)
        free[machine] += best["minutes"]
        out.append((best["name"], machine, max(now, best["at"])))
    return out
