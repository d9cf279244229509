"""The best rate of a square float32 matrix product in PyTorch, in GFLOP/s: side, threads."""
import sys
import time

import torch

side, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
a, b = torch.randn(side, side), torch.randn(side, side)
y = torch.mm(a, b)
begin, best = time.perf_counter(), float("inf")
while time.perf_counter() - begin < 1:
    start = time.perf_counter()
    torch.mm(a, b, out=y)
    best = min(best, time.perf_counter() - start)
print(2 * side**3 / best / 1e9)
