"""What it costs a training to be watched, in a kernel as a notebook has it."""

from __future__ import annotations

import json
import subprocess

from tests.benchmarks import peers
from tests.benchmarks.report import Options, Section, met

GOAL = 1.05

_CODE = """
import json, time
from dlaaw_nb import Linear, Monitor, NNWorkflow, ReLU, Sigmoid, datasets, live_neurons
from statistics import median
data = datasets.load("breast_cancer")
net = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=1_500_000, cost_every=5000)
view = live_neurons(net, data)
view.widget
class Clock:
    batched = True
    def __init__(self, callback):
        self.callback = callback
    def __call__(self, event):
        if event["event"] == "trial":
            self.ended = time.perf_counter()
        self.callback(event)
def timed(callback):
    clock, began = Clock(callback), time.perf_counter()
    net.train(data, callback=clock)
    return clock.ended - began, time.perf_counter() - clock.ended
watchers = {"nobody": lambda: lambda event: None, "monitor": Monitor, "live neurons": lambda: view}
timed(Monitor())
times = {name: [] for name in watchers}
for _ in range(ROUNDS):
    for name, make in watchers.items():
        times[name].append(timed(make()))
print(json.dumps({name: [median(part) for part in zip(*found)] for name, found in times.items()}))
"""


def run(options: Options) -> list[Section]:
    """Train some seconds alone and watched, by turns, in a kernel without a page."""
    section = Section(
        "Watching: one training of 1,500,000 epochs of network 1 (s)",
        ("watched by", "training", "times unwatched", "goal", "met", "last picture and result"),
        notes=[
            "Medians, by turns, in one kernel; nobody draws what is sent to the page.",
            "The picture that stays is drawn by matplotlib, once, when the training is over.",
        ],
    )
    if not peers.available("ours"):
        return [section]
    times = _times(_CODE.replace("ROUNDS", str(max(9, options.rounds))))
    for name, (training, rest) in times.items():
        share = training / times["nobody"][0]
        alone = name == "nobody"
        verdict = "-" if alone else met(share, GOAL, at_least=False)
        goal = "-" if alone else f"{GOAL:g}"
        figures = (f"{training:.3g}", f"{share:.3f}", goal, verdict, f"{rest:.2g}")
        section.rows.append((name, *figures))
    return [section]


def _times(code: str) -> dict[str, list[float]]:
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager.start_kernel(stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    client.start_channels()
    said: list[str] = []

    def hear(message: dict[str, object]) -> None:
        if message["header"]["msg_type"] == "stream":  # type: ignore[index]
            said.append(message["content"]["text"])  # type: ignore[index]

    try:
        client.wait_for_ready(timeout=60)
        client.execute_interactive(code, timeout=600, output_hook=hear)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    found: dict[str, list[float]] = json.loads("".join(said).strip().splitlines()[-1])
    return found
