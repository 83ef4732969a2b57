"""Writes tests/data/reference.txt: function values and derivatives with 60 digits (needs mpmath).

A line holds the function, the argument, and value and derivative each as an unevaluated sum of two doubles, all as the
hexadecimal bits of a double.
"""
import random
import struct
from pathlib import Path

from mpmath import cos, erfc, exp, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 60
random.seed(1)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def density(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


def distribution(x):
    return erfc(-x / sqrt(mpf(2))) / 2


FUNCTIONS = {
    # name: value, derivative, largest |x| of the dense part, special arguments
    "tanh": (tanh, lambda x: 1 - tanh(x) ** 2, 22, []),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x), 40, [-700.0, -744.0, -745.0]),
    "exp": (exp, exp, 50, [709.0, 709.78, -707.0, -709.0, -740.0, -745.0]),
    "silu": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x)), 40, [-700.0, -740.0, -750.0]),
    "gelu": (lambda x: x * distribution(x), lambda x: distribution(x) + x * density(x), 10, [-20.0, -30.0, -37.0, -38.0, -38.4]),
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
    for x in arguments:
        lines.append(f"{name} {bits(x)} {pair(value(mpf(x)))} {pair(slope(mpf(x)))}")

Path(__file__).parent.parent.joinpath("tests/data/reference.txt").write_text("\n".join(lines) + "\n")
