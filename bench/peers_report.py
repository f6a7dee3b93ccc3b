"""The machine, the versions and the table of a comparison of peers."""

import importlib.metadata
import os
import subprocess

_FLAGS = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_bf16",
    "amx_int8",
    "amx_fp16",
    "avx_vnni",
)
_PACKAGES = ("torch", "timm", "onnxruntime", "openvino")


def machine():
    facts = {}
    with open("/proc/cpuinfo") as file:
        for line in file:
            key, _, value = line.partition(":")
            facts.setdefault(key.strip(), value.strip())
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / 2**20
    flags = set(facts.get("flags", "").split())
    return {
        "cpu": facts.get("model name", "unknown"),
        "family": " ".join(f"{key} {facts.get(key, '?')}" for key in ("vendor_id", "cpu family", "model")),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "instructions": [flag for flag in _FLAGS if flag in flags],
        "load_before": os.getloadavg()[0],
    }


def versions(program):
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    found["vitral"] = subprocess.run([program, "version"], capture_output=True, text=True).stdout.split("\n")[0]
    return found


def _time(row):
    return f"{row['ms']['min']:.1f} / {row['ms']['p50']:.1f}" if "ms" in row else "–"


def _gpu_line(gpu):
    return ", ".join(f"{key} {value}" for key, value in gpu.items()) + "." if gpu else "GPU: nvidia-smi does not say."


def _share(comparison, rows):
    """Of the dense bf16 peak that a matrix product reached in the same run."""
    peak, share = comparison.get("peak_bf16_tflops"), rows.get("vitral", {}).get("of_peak")
    return (f" {100 * share:.0f} % |" if share else " – |") + (f" {peak:.0f} |" if peak else " – |")


def markdown(report):
    """One line a network and precision, a column a contestant, and what is missing below."""
    box = report["machine"]
    names = list(
        dict.fromkeys(row["name"] for comparison in report["comparisons"] for row in comparison["contestants"])
    )
    on_gpu = any("peak_bf16_tflops" in comparison for comparison in report["comparisons"])
    lines = [
        *([_gpu_line(box.get("gpu", {}))] if on_gpu else []),
        f"{box['cpu']} ({box['family']}), {box['cores']} cores, {box['memory_gib']} GiB; "
        f"{' '.join(box['instructions'])}.",
        ", ".join(f"{name} {version}" for name, version in report["versions"].items() if version) + ".",
        "Milliseconds, minimum / median; ratio of vitral to the fastest peer by minimum / median.",
        "",
        "| network | precision | batch | threads | " + " | ".join(names) + " | ratio | fastest peer |"
        + (" vitral of the peak | peak TFLOP/s |" if on_gpu else ""),
        "|" + "---|" * (6 + len(names) + (2 if on_gpu else 0)),
    ]
    for comparison in report["comparisons"]:
        rows = {row["name"]: row for row in comparison["contestants"]}
        ratio = comparison["ratio"]
        closing = f"**{ratio['min']:.2f}** / {ratio['p50']:.2f} | {ratio['peer']}" if ratio else "– | –"
        lines.append(
            f"| {comparison['model']} | {comparison['precision']} | {comparison['batch']} | {comparison['threads']} | "
            + " | ".join(_time(rows[name]) for name in names)
            + f" | {closing} |"
            + (_share(comparison, rows) if on_gpu else "")
        )
    absent = sorted(
        {
            f"{row['name']} {comparison['precision']}: {row['absent']}"
            for comparison in report["comparisons"]
            for row in comparison["contestants"]
            if "absent" in row
        }
    )
    return "\n".join([*lines, "", *(f"- left out: {line}" for line in absent)]).rstrip() + "\n"
