# The autoencoder's training step in NumPyro, through its own SVI; arguments: batch, hidden, threads.
# SPDX-License-Identifier: BSD-3-Clause
import os
import sys

batch, hidden, threads = map(int, sys.argv[1:4])
os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:threads])  # XLA takes as many threads as there are processors

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.infer import SVI, TraceMeanField_ELBO

from served import serve

x = (jax.random.uniform(jax.random.PRNGKey(0), (batch, 784)) < 0.19).astype(jnp.float32)


def layer(name, n, m):
    init = lambda key: jax.random.uniform(key, (n, m), minval=-1, maxval=1) / n**0.5
    return numpyro.param(name + "/weight", init), numpyro.param(name + "/bias", jnp.zeros(m))


def guide(x):
    (w1, b1), (w2, b2) = layer("hidden", 784, hidden), layer("heads", hidden, 40)
    loc, log_scale = jnp.split(jax.nn.relu(x @ w1 + b1) @ w2 + b2, 2, axis=1)
    with numpyro.plate("images", 60000, subsample_size=batch):
        numpyro.sample("z", dist.Normal(loc, jnp.exp(log_scale)).to_event(1))


def model(x):
    (w3, b3), (w4, b4) = layer("up", 20, hidden), layer("out", hidden, 784)
    with numpyro.plate("images", 60000, subsample_size=batch):
        z = numpyro.sample("z", dist.Normal(jnp.zeros(20), 1).to_event(1))
        logits = jax.nn.relu(z @ w3 + b3) @ w4 + b4
        numpyro.sample("x", dist.Bernoulli(logits=logits).to_event(1), obs=x)


svi = SVI(model, guide, numpyro.optim.Adam(1e-3), TraceMeanField_ELBO())
state = svi.init(jax.random.PRNGKey(1), x)
update = jax.jit(svi.update)


def step():
    global state
    state, loss = update(state, x)
    return loss


serve(step, wait=jax.block_until_ready)
