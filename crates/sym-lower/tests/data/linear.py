"""Writes linear.pt and linear_nested.pt beside this file (needs torch)."""
from pathlib import Path

import torch

here = Path(__file__).parent
state = {"fc.weight": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), "fc.bias": torch.tensor([0.5, -0.5])}
torch.save(state, here / "linear.pt")
torch.save({"state_dict": state}, here / "linear_nested.pt")
