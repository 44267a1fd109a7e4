# Log densities with their gradients, and draws, in PyTorch; argument: JSON [[law, [parameter, ..], count], ..].
# SPDX-License-Identifier: BSD-3-Clause
import json
import sys

import torch
from torch import distributions

from served import serve

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
distributions.Distribution.set_default_validate_args(False)


def steps_of(law, parameters, count):
    make = eval("lambda p: " + law, vars(distributions))
    p = [torch.tensor(parameter, dtype=torch.float64) for parameter in parameters]
    x = make(p).sample((count,))
    for parameter in p:
        parameter.requires_grad_()

    def density():
        for parameter in p:
            parameter.grad = None
        make(p).log_prob(x).sum().backward()

    def draw():
        make(p).sample((count,))

    return density, draw


serve(*[step for entry in json.loads(sys.argv[1]) for step in steps_of(*entry)])
