"""Prints the constants of the polynomial approximations in src/math (needs mpmath).

Each fit interpolates at Chebyshev nodes with 60 digits, which is within a small factor of the minimax error, and
prints the relative error of the exact polynomial; rounding of the coefficients to the working precision is added by the
tests, which measure the whole function in units in the last place.
"""
from mpmath import atanh, cos, erf, erfc, exp, expm1, floor, log, lu_solve, matrix, mp, mpf, pi, sin, sqrt

mp.dps = 60


def fit(f, a, b, degree, weight=lambda x: mpf(1)):
    """Coefficients (low order first) of the interpolant of f at Chebyshev nodes of [a, b]."""
    n = degree + 1
    nodes = [(a + b) / 2 + (b - a) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    m = matrix(n, n)
    r = matrix(n, 1)
    for i, x in enumerate(nodes):
        r[i] = f(x)
        for j in range(n):
            m[i, j] = x ** j
    c = list(lu_solve(m, r))
    worst = mpf(0)
    for i in range(801):
        x = a + (b - a) * mpf(i) / 800
        p = sum(c[j] * x ** j for j in range(n))
        worst = max(worst, abs(p - f(x)) * weight(x))
    return c, worst


def show(name, c, worst, digits=17):
    print(f"// {name}: relative error {mp.nstr(worst, 3)}")
    for v in c:
        print(f"    {mp.nstr(v, digits)},")


half = log(2) / 2 * mpf("1.001")
# expm1(r) = r + r^2 P(r); the weight turns the error of P into a relative error of expm1.
p = lambda r: (expm1(r) - r) / r ** 2 if abs(r) > mpf("1e-12") else mpf(1) / 2 + r / 6
w = lambda r: abs(r * r / expm1(r)) if r != 0 else mpf(0)
show("EXPM1 f64", *fit(p, -half, half, 10, w))
show("EXPM1 f32", *fit(p, -half, half, 5, w), 9)

# sin(r) = r + r^3 S(r^2), cos(r) = 1 - r^2/2 + r^4 C(r^2) on |r| <= pi/4.
q = (pi / 4 * mpf("1.001")) ** 2
s = lambda z: (sin(sqrt(z)) - sqrt(z)) / sqrt(z) ** 3 if z > mpf("1e-15") else -mpf(1) / 6 + z / 120
c = lambda z: (cos(sqrt(z)) - 1 + z / 2) / z ** 2 if z > mpf("1e-12") else mpf(1) / 24 - z / 720
show("SIN f64", *fit(s, mpf(0), q, 5, lambda z: z))
show("COS f64", *fit(c, mpf(0), q, 5, lambda z: z * z))

# Normal tail: Q(x) exp(x^2/2) (x + K) = P(t) with t = (x - K)/(x + K) = 1 - 2K/(x + K), x in [0, 39].
K = mpf(4)


def tail(t):
    x = K * (1 + t) / (1 - t)
    return erfc(x / sqrt(mpf(2))) / 2 * exp(x * x / 2) * (x + K)


for name, degree, end, digits in [("TAIL f64", 24, mpf(39), 17), ("TAIL f32", 11, mpf(15), 17)]:
    co, worst = fit(tail, mpf(-1), (end - K) / (end + K), degree, lambda t: 1 / tail(t))
    show(name, co, worst, digits)
    print(f"// {name}: the first coefficient goes on with {mp.nstr(co[0] - mpf(float(co[0])), 17)}")

# erf(a) = a + a P(a^2) on 0 <= a <= 1; the weight turns the error of P into a relative error of erf.
limit = 2 / sqrt(pi)
e = lambda z: erf(sqrt(z)) / sqrt(z) - 1 if z > mpf("1e-20") else limit * (1 - z / 3) - 1
show("ERF f64", *fit(e, mpf(0), mpf(1), 11, lambda z: sqrt(z) / erf(sqrt(z)) if z else 1 / limit))
show("ERF f32", *fit(e, mpf(0), mpf(1), 7, lambda z: sqrt(z) / erf(sqrt(z)) if z else 1 / limit))

# log((1 + s)/(1 - s)) = 2 s + s^3 P(s^2): for (1 + s)/(1 - s) in [sqrt(1/2), sqrt(2)], and in [1, 2].
a = lambda z: 2 * (atanh(sqrt(z)) - sqrt(z)) / sqrt(z) ** 3 if z > mpf("1e-15") else mpf(2) / 3 + 2 * z / 5
near = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2 * mpf("1.001")
show("LOG f64", *fit(a, mpf(0), near, 6, lambda z: z / 2))
show("LOG1P f64", *fit(a, mpf(0), mpf(1) / 9, 9, lambda z: z / 2))
show("LOG1P f32", *fit(a, mpf(0), mpf(1) / 9, 4, lambda z: z / 2), 9)

# 2/pi as 64-bit words, most significant first.
v = 2 / pi
mp.prec = 1400
v = 2 / pi
print("// TWO_OVER_PI")
for _ in range(20):
    v *= mpf(2) ** 64
    d = int(floor(v))
    v -= d
    print(f"    0x{d:016x},")
