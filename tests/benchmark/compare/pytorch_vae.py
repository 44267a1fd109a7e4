# The autoencoder's training step in PyTorch; arguments: batch, hidden, threads.
# SPDX-License-Identifier: BSD-3-Clause
import sys

import torch
from torch import nn
from torch.nn import functional as F

from served import serve

batch, hidden, threads = map(int, sys.argv[1:4])
torch.set_num_threads(threads)


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.heads = nn.Linear(784, hidden), nn.Linear(hidden, 40)
        self.up, self.out = nn.Linear(20, hidden), nn.Linear(hidden, 784)

    def loss(self, x):
        loc, log_scale = self.heads(torch.relu(self.hidden(x))).chunk(2, 1)
        scale = log_scale.exp()
        logits = self.out(torch.relu(self.up(loc + scale * torch.randn_like(scale))))
        misfit = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return (misfit + (0.5 * (scale**2 + loc**2 - 1) - log_scale).sum()) / x.shape[0]


vae = Vae()
adam = torch.optim.Adam(vae.parameters(), lr=1e-3)
x = (torch.rand(batch, 784) < 0.19).float()


def step():
    adam.zero_grad()
    vae.loss(x).backward()
    adam.step()


serve(step)
