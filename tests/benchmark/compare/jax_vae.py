# The autoencoder's training step in JAX, compiled as one function; arguments: batch, hidden, threads.
# SPDX-License-Identifier: BSD-3-Clause
import os
import sys

batch, hidden, threads = map(int, sys.argv[1:4])
os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:threads])  # XLA takes as many threads as there are processors

import jax
import jax.numpy as jnp

from served import serve


def layer(key, n, m):
    return jax.random.uniform(key, (n, m), minval=-1, maxval=1) / n**0.5, jnp.zeros(m)


keys = jax.random.split(jax.random.PRNGKey(0), 5)
shapes = [(784, hidden), (hidden, 40), (20, hidden), (hidden, 784)]
params = [layer(key, n, m) for key, (n, m) in zip(keys, shapes)]
x = (jax.random.uniform(keys[4], (batch, 784)) < 0.19).astype(jnp.float32)


def loss(params, key):
    (w1, b1), (w2, b2), (w3, b3), (w4, b4) = params
    loc, log_scale = jnp.split(jax.nn.relu(x @ w1 + b1) @ w2 + b2, 2, axis=1)
    scale = jnp.exp(log_scale)
    logits = jax.nn.relu((loc + scale * jax.random.normal(key, loc.shape)) @ w3 + b3) @ w4 + b4
    misfit = (jax.nn.softplus(logits) - x * logits).sum()
    return (misfit + (0.5 * (scale**2 + loc**2 - 1) - log_scale).sum()) / batch


@jax.jit
def update(state):
    params, m, v, t, key = state
    key, draw = jax.random.split(key)
    value, g = jax.value_and_grad(loss)(params, draw)
    t = t + 1
    m = jax.tree_util.tree_map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree_util.tree_map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    move = lambda p, m, v: p - 1e-3 * m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return jax.tree_util.tree_map(move, params, m, v), m, v, t, key


zeros = jax.tree_util.tree_map(jnp.zeros_like, params)
state = params, zeros, zeros, jnp.float32(0), jax.random.PRNGKey(1)


def step():
    global state
    state = update(state)
    return state


serve(step, wait=jax.block_until_ready)
