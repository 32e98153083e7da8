# SPDX-License-Identifier: Apache-2.0
"""The worst case: nothing but calls. fib(32) is 7 million of them."""


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def main(n):
    # fib(n) is entered 2 F(n + 1) - 1 times.
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    assert fib(n) == a
    return {"fib": 2 * b - 1}
