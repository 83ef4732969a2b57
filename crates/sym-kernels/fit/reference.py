"""Writes tests/data/reference.txt: function values and derivatives with 60 digits (needs mpmath).

A line holds the function, the argument, and value and derivative each as an unevaluated sum of two doubles, all as the
hexadecimal bits of a double.
"""
import random
import struct
from pathlib import Path

from mpmath import cos, erf, erfc, exp, log, log1p, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 60
random.seed(1)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def density(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


def distribution(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def cubic(x):
    """What the tanh form of gelu puts into a logistic function, and its derivative."""
    rate = 2 * sqrt(2 / pi)
    return rate * (x + mpf("0.044715") * x**3), rate * (1 + 3 * mpf("0.044715") * x * x)


def gelu_tanh_slope(x):
    v, rate = cubic(x)
    return sigmoid(v) * (1 + x * rate * sigmoid(-v))


# Arguments of large errors, found by evaluating some millions at random in quadruple precision.
FUNCTIONS = {
    # name: value, derivative, largest |x| of the dense part, special arguments
    "tanh": (tanh, lambda x: 1 - tanh(x) ** 2, 22, [0.20875748612325765, 0.21631664942621143]),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x), 40, [-700.0, -744.0, -745.0, -25.95801098966147, -283.130923847903]),
    "exp": (exp, exp, 50, [709.0, 709.78, -707.0, -709.0, -740.0, -745.0, 0.3807507765720821, 3.8406446955412843]),
    "silu": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x)), 40, [-700.0, -740.0, -750.0, -683.0935335276472, -42.595431806202946]),
    "gelu": (lambda x: x * distribution(x), lambda x: distribution(x) + x * density(x), 10, [-20.0, -30.0, -37.0, -38.0, -38.4, -36.984047391631556, -5.8120830400290175e-08]),
    "gelu_tanh": (lambda x: x * sigmoid(cubic(x)[0]), gelu_tanh_slope, 8, [-15.0, -20.0, -21.0, -21.4, 0.6551035236343079, 0.6253472100926724]),
    "softplus": (lambda x: log1p(exp(x)), sigmoid, 40, [-700.0, -740.0, -745.0, 1e5, -404.40920231539394, 0.37803516323542524]),
    "erf": (erf, lambda x: 2 * exp(-x * x) / sqrt(pi), 7, [1.0, 0.9999999999999999, 1.0154612427983574, 1.0026282135148348]),
    "log": (log, lambda x: 1 / x, 0, [5e-324, 1e-310, 2.2250738585072014e-308, 1.7e308, 0.7071067811865475, 0.7071067811865476, 1.4029730100007705, 1.4038693343529929]),
    "sin": (sin, cos, 30, [1e5, 99999.5, 1e6, 1e10, 1e22, 1e100, 1.7e308, 5.319372648326541e255]),
    "cos": (cos, lambda x: -sin(x), 30, [1e5, 99999.5, 1e6, 1e10, 1e22, 1e100, 1.7e308, 5.319372648326541e255]),
}


def bits(x):
    return struct.pack(">d", x).hex()


def pair(x):
    high = float(x)
    return f"{bits(high)} {bits(float(x - mpf(high)))}"


lines = []
for name, (value, slope, reach, special) in FUNCTIONS.items():
    arguments = special + [-x for x in special if name in ("sin", "cos")]
    arguments += [random.uniform(-reach, reach) for _ in range(60)]
    arguments += [random.choice([-1, 1]) * 10 ** random.uniform(-20, 0.5) for _ in range(30)]
    arguments += [sign * k * float(pi) / 2 for k in (1, 2, 3, 7, 100) for sign in (-1, 1)]
    arguments += [random.choice([-1, 1]) * 10 ** random.uniform(-323, 308) for _ in range(20)]
    if name == "log":
        arguments = [abs(x) for x in arguments if x] + [random.uniform(0.5, 2) for _ in range(60)]
    # Values out of range have a test of their own.
    arguments = [x for x in arguments if name != "exp" or x < 709.78]
    for x in arguments:
        lines.append(f"{name} {bits(x)} {pair(value(mpf(x)))} {pair(slope(mpf(x)))}")

Path(__file__).parent.parent.joinpath("tests/data/reference.txt").write_text("\n".join(lines) + "\n")
