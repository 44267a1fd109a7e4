# Serves a step on standard input: "run N" is answered with seconds, "memory" with the peak in MiB.
# SPDX-License-Identifier: BSD-3-Clause
import sys
import time


def peak_mib():
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))


def serve(step, wait=lambda result: None):
    """`wait(step())` returns when the step has been done."""
    for _ in range(3):
        wait(step())
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "memory":
            print(peak_mib(), flush=True)
            continue
        start = time.perf_counter()
        for _ in range(int(line.split()[1])):
            result = step()
        wait(result)
        print(time.perf_counter() - start, flush=True)
