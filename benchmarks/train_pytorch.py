"""The work of train.cpp in PyTorch: samples/s (median over epochs), peak memory in MB.

train_pytorch.py BATCH THREADS EPOCHS SAMPLES plain|foreach
"""

import resource
import statistics
import sys
import time

import torch

CLASSES = 10


def main():
    batch, threads, epochs, samples = (int(a) for a in sys.argv[1:5])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    inputs = torch.rand(samples, 1, 28, 28)
    labels = torch.randint(0, CLASSES, (samples,))
    network = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Linear(784, 1000, bias=False),
        torch.nn.ReLU(),
        torch.nn.Linear(1000, 200, bias=False),
        torch.nn.ReLU(),
        torch.nn.Linear(200, CLASSES, bias=False),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, foreach=sys.argv[5] == "foreach")
    seconds = []
    for _ in range(epochs + 1):
        start = time.perf_counter()
        order = torch.randperm(samples)
        for begin in range(0, samples, batch):
            picked = order[begin : begin + batch]
            loss = torch.nn.functional.cross_entropy(network(inputs[picked]), labels[picked])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{samples / statistics.median(seconds[1:]):.0f} {peak}")


if __name__ == "__main__":
    main()
