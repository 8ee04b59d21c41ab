"""Measure how fast this machine multiplies matrices and moves memory: the limits of all the rest.

    python scripts/gpu/10_matmul_limit.py

Matrices are random: zeros multiply faster. Each figure is the median of repeated, separately timed
products after a warm-up. Other scripts read the bf16 and fp8 limits from this report.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

from report import Report, parser

SIZES = (4096, 8192, 16384)
SMOKE_SIZES = (128, 256)


def main() -> None:
    options = parser(__doc__ or "", model=False).parse_args()
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    report = Report(__file__, options)
    sizes = SMOKE_SIZES if options.smoke else SIZES
    repeats = 3 if options.smoke else 20
    kinds = [("fp32", torch.float32), ("bf16", torch.bfloat16)]
    for name, dtype in kinds:
        rates = {}
        for size in sizes:
            left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
            seconds = timed(lambda a=left, b=right: a @ b, repeats, device)  # type: ignore[misc]
            rates[str(size)] = round(2 * size**3 / seconds / 1e12, 3)
        report.add(f"matmul_{name}_tflops", rates)
    report.add("matmul_fp8_tflops", fp8_rates(sizes, repeats, device))
    report.add("memory_gb_per_s", bandwidth(2**20 if options.smoke else 2**32, repeats, device))
    best = {
        name: max(rates.values())
        for name in ("fp32", "bf16", "fp8")
        if isinstance(rates := report.result(f"matmul_{name}_tflops"), dict) and "why" not in rates
    }
    report.add("limit_tflops", best)
    report.finish()


def timed(work: Callable[[], Any], repeats: int, device: str) -> float:
    """Median seconds of ``work``."""
    import torch

    for _ in range(3):
        work()
    taken = []
    for _ in range(repeats):
        if device == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            work()
            end.record()
            torch.cuda.synchronize()
            taken.append(start.elapsed_time(end) / 1000)
        else:
            begun = perf_counter()
            work()
            taken.append(perf_counter() - begun)
    return statistics.median(taken)


def fp8_rates(sizes: tuple[int, ...], repeats: int, device: str) -> dict[str, Any]:
    """TFLOP/s of products in fp8 (e4m3, one scale a matrix), or why there are none."""
    import torch

    one = torch.ones((), device=device)
    rates: dict[str, Any] = {}
    for size in sizes:
        left, right = (
            torch.randn(size, size, device=device).to(torch.float8_e4m3fn) for _ in range(2)
        )

        def work(a: Any = left, b: Any = right.t()) -> Any:
            return torch._scaled_mm(a, b, scale_a=one, scale_b=one, out_dtype=torch.bfloat16)

        try:
            rates[str(size)] = round(2 * size**3 / timed(work, repeats, device) / 1e12, 3)
        except (RuntimeError, ValueError) as error:
            return {"why": str(error).splitlines()[0][:200]}
    return rates


def bandwidth(size: int, repeats: int, device: str) -> float:
    """GB/s of a copy within memory, bytes read and written counted."""
    import torch

    source = torch.randint(0, 255, (size,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return round(2 * size / timed(lambda: target.copy_(source), repeats, device) / 1e9, 1)


if __name__ == "__main__":
    main()
