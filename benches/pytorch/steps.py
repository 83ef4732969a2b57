"""Training steps of the models in benches/*.sym in PyTorch, eager (needs torch).

Usage: steps.py CASE TYPE STEPS THREADS [memory]. Prints the seconds of a step, over STEPS steps after a third as many untimed ones: of the processor with one thread,
so that other work on the machine counts little, and of the clock with more. `seeds` is eight runs of `student`, one after the other. With `memory` as a fifth
argument prints the most memory of the process in megabytes instead.
"""
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """A basic block of a residual network."""

    def __init__(self, before, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or before != channels:
            self.downsample = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        beside = x if self.downsample is None else self.downsample(x)
        h = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(h)) + beside)


class Attention(nn.Module):
    """Self-attention without biases, with the layer's input added."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.maps = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, x):
        examples, tokens, width = x.shape
        query, key, value = (
            projection(x).view(examples, tokens, self.heads, -1).transpose(1, 2) for projection in self.maps[:3]
        )
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return x + self.maps[3](mixed.transpose(1, 2).reshape(examples, tokens, width))


def student():
    widths = [10, 64, 64, 64, 64]
    layers = [part for pair in zip(widths, widths[1:]) for part in (nn.Linear(*pair), nn.Tanh())]
    model = nn.Sequential(*layers, nn.Linear(64, 1))
    return model, torch.optim.SGD(model.parameters(), lr=0.05), torch.randn(300, 10), torch.randn(300, 1)


def mlp():
    model = nn.Sequential(nn.Linear(300, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10))
    return model, torch.optim.Adam(model.parameters(), lr=1e-3), torch.randn(128, 300), torch.randn(128, 10)


def convolutions():
    model = nn.Sequential(nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1))
    return model, torch.optim.SGD(model.parameters(), lr=0.01), torch.randn(64, 64, 32, 32), torch.randn(64, 64, 32, 32)


def resnet18():
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    blocks, before = [], 64
    for channels, stride in [(64, 1), (128, 2), (256, 2), (512, 2)]:
        blocks += [Block(before, channels, stride), Block(channels, channels, 1)]
        before = channels
    model = nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return model, optimizer, torch.randn(32, 3, 32, 32), torch.randn(32, 10)


def in_context():
    model = nn.Sequential(nn.Linear(21, 64), Attention(64, 4), Attention(64, 4), nn.Linear(64, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    return model, optimizer, torch.randn(64, 50, 21), torch.randn(64, 50, 1)


def steps(case, count, clock):
    """The seconds of a step after a third of `count` untimed ones."""
    torch.manual_seed(0)
    model, optimizer, inputs, targets = case()
    for step in range(-(count // 3 + 1), count):
        if step == 0:
            start = clock()
        optimizer.zero_grad()
        functional.mse_loss(model(inputs), targets).backward()
        optimizer.step()
    return (clock() - start) / count


def main():
    name, dtype, count, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    torch.set_default_dtype({"f32": torch.float32, "f64": torch.float64}[dtype])
    clock = time.process_time if threads == 1 else time.perf_counter
    if sys.argv[5:] == ["memory"]:
        steps(globals()[name], count, clock)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    elif name == "seeds":
        print(sum(steps(student, count, clock) for _ in range(8)))
    else:
        cases = {case.__name__: case for case in (student, mlp, convolutions, resnet18, in_context)}
        print(steps(cases[name], count, clock))


main()
