# SPDX-License-Identifier: Apache-2.0
"""Any number of calls of one function, for what cf-trace itself needs meanwhile."""


def step(total, i):
    return total + i


def main(n):
    total = 0
    for i in range(n):
        total = step(total, i)
    assert total == n * (n - 1) // 2
    return {"step": n}
