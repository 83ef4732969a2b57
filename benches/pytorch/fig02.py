"""One gradient-descent step of the student of Figure 2 in PyTorch, eager, on one thread (needs torch).

Prints what `cargo bench -p sym-lower --bench figure2` prints: number type, least and median microseconds a step over rounds.
"""
import time

import torch

EXAMPLES, STEPS, ROUNDS = 300, 200, 9

torch.set_num_threads(1)


def student(dtype):
    layers = []
    width = 10
    for _ in range(4):
        layers += [torch.nn.Linear(width, 64), torch.nn.Tanh()]
        width = 64
    return torch.nn.Sequential(*layers, torch.nn.Linear(64, 1)).to(dtype)


def steps(model, optimizer, inputs, targets, count):
    for _ in range(count):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()


for name, dtype in [("f32", torch.float32), ("f64", torch.float64)]:
    torch.manual_seed(0)
    model = student(dtype)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    inputs, targets = torch.randn(EXAMPLES, 10, dtype=dtype), torch.randn(EXAMPLES, 1, dtype=dtype)
    steps(model, optimizer, inputs, targets, STEPS)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        steps(model, optimizer, inputs, targets, STEPS)
        times.append((time.perf_counter() - start) * 1e6 / STEPS)
    times.sort()
    print(f"{name} {times[0]:.1f} {times[ROUNDS // 2]:.1f}", flush=True)
