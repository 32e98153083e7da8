# SPDX-License-Identifier: Apache-2.0
"""numpy does the work; the project's functions hand it arrays of all sizes."""
import numpy as np


def smooth(block):
    return (block[:-2] + block[1:-1] + block[2:]) / 3


def scale(block, low, high):
    return (block - low) / max(high - low, 1e-9)


def features(block):
    low, high = float(block.min()), float(block.max())
    return np.array([block.mean(), block.std(), low, high, float(np.abs(scale(block, low, high)).sum())])


def distance(a, b):
    return float(np.sqrt(((a - b) ** 2).sum()))


def diffuse(grid):
    inner = grid[1:-1, 1:-1]
    inner += 0.1 * (grid[:-2, 1:-1] + grid[2:, 1:-1] + grid[1:-1, :-2] + grid[1:-1, 2:] - 4 * inner)
    return grid


def fit(x, y):
    return np.linalg.lstsq(np.vander(x, 6), y, rcond=None)[0]


def main(blocks):
    rng = np.random.default_rng(7)
    signal = rng.normal(size=(blocks, 256))
    found = [features(smooth(block)) for block in signal]
    nearest = min(distance(found[0], f) for f in found[1:])
    grid = rng.normal(size=(300, 300))
    for _ in range(blocks // 20):
        grid = diffuse(grid)
    x = np.linspace(-1, 1, 2000)
    for i in range(blocks // 100):
        fit(x, np.sin(3 * x) + signal[i, 0])
    assert nearest > 0 and np.isfinite(grid).all()
    return {"smooth": blocks, "scale": blocks, "features": blocks, "distance": blocks - 1,
            "diffuse": blocks // 20, "fit": blocks // 100}
