# Serves steps on standard input: "run N" is answered with seconds, "memory" with the peak in MiB.
# SPDX-License-Identifier: BSD-3-Clause
import sys
import time


def peak_mib():
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))


def serve(*steps, wait=lambda result: None):
    """`wait(step())` returns when the step has been done. "choose I" says which of them "run" means, the first if none."""
    for step in steps:
        for _ in range(3):
            wait(step())
    step = steps[0]
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "memory":
            print(peak_mib(), flush=True)
            continue
        if words[0] == "choose":
            step = steps[int(words[1])]
            print("chosen", flush=True)
            continue
        start = time.perf_counter()
        for _ in range(int(words[1])):
            result = step()
        wait(result)
        print(time.perf_counter() - start, flush=True)
