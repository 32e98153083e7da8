"""A table of special values to 40 digits, the way a numerical note would make it."""
import sys

import mpmath
from mpmath import mp, mpf


def constants():
    return {name: mpmath.nstr(+getattr(mp, name), 30) for name in ("pi", "e", "euler", "catalan", "phi")}


def zeros(n):
    return [mpmath.findroot(lambda x: mpmath.besselj(0, x), mpf(2.4) + i * mp.pi) for i in range(n)]


def integrals():
    yield "gauss", mpmath.quad(lambda x: mpmath.exp(-x * x), [-mp.inf, mp.inf])
    yield "log", mpmath.quad(lambda x: mpmath.log(x) ** 2 / (1 + x), [0, 1])
    yield "osc", mpmath.quad(lambda x: mpmath.sin(x) / x, mpmath.linspace(mpf("1e-20"), 20, 9))


def matrix_report(n):
    m = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(n):
            m[i, j] = mpf(1) / (i + j + 1)
    values = mpmath.eigsy(m, eigvals_only=True)
    return mpmath.det(m), values, mpmath.norm(mpmath.inverse(m))


def main():
    mp.dps = 40
    out = sys.stdout
    for name, text in constants().items():
        out.write(f"{name} {text}\n")
    for root in zeros(5):
        out.write(f"bessel {mpmath.nstr(root, 30)}\n")
    for name, value in integrals():
        out.write(f"integral {name} {mpmath.nstr(value, 30)}\n")
    for n in (4, 8, 10):
        det, values, norm = matrix_report(n)
        out.write(f"hilbert {n} {mpmath.nstr(det, 20)} {mpmath.nstr(norm, 20)} {mpmath.nstr(values[0], 15)}\n")
    for s in range(2, 12):
        out.write(f"zeta({s}) {mpmath.nstr(mpmath.zeta(s), 35)}\n")
    out.write(f"zero {mpmath.nstr(mpmath.zetazero(1), 20)}\n")
    out.write(f"series {mpmath.nstr(mpmath.nsum(lambda k: 1 / k ** 2, [1, mp.inf]), 30)}\n")
    out.write(f"taylor {mpmath.taylor(mpmath.sin, 0, 7)}\n")
    out.write(f"pslq {mpmath.pslq([mp.pi ** 2, mpmath.zeta(2)])}\n")
    out.write(f"identify {mpmath.identify(mpf('0.7853981633974483096156608458198757210493'), ['pi'])}\n")
    for x in range(1, 40):
        out.write(f"{x} {mpmath.nstr(mpmath.gamma(mpf(x) / 3), 25)} {mpmath.nstr(mpmath.erf(mpf(x) / 10), 25)}\n")


if __name__ == "__main__":
    main()
