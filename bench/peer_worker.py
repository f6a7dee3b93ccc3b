"""One runtime with one network, kept warm: reads {"run": N} lines, answers {"ms": [N numbers]}. Started by peers.py.

Every runtime gets the settings that are its best for one picture at a time: what makes a peer slower than its users
have it would flatter us. On a GPU (gpu_worker.py) network and input lie there, and events on its stream tell the time.
"""

import json
import os
import sys
import time
import warnings

from networks import build

warnings.filterwarnings("ignore")
WARM_UP = 3


class Absent(Exception):
    """This runtime can't do what was asked on this machine."""


def network(job):
    import torch
    from safetensors.torch import load_file

    torch.set_num_threads(job["threads"])
    module, size, inner = build(job["model"])
    if job["weights"]:
        inner.load_state_dict(load_file(job["weights"]))
    generator = torch.Generator().manual_seed(0)
    return module, torch.randn(job["batch"], *size, generator=generator)


def _torch(job, prepare):
    """Eager or compiled; networks of convolutions channels last, which is the faster layout for them on a CPU."""
    import torch

    module, images = network(job)
    expected = _reference(module, images)
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[job["precision"]]
    module, images = module.to(dtype), images.to(dtype)
    convolutional = any(
        isinstance(layer, torch.nn.Conv2d) and layer.kernel_size != layer.stride for layer in module.modules()
    )
    if convolutional:
        module, images = module.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    compute = prepare(module)

    def run():
        with torch.inference_mode():
            return compute(images)

    return run, lambda output: _error(output.float(), expected)


def eager(job):
    return _torch(job, lambda module: module)


def compiled(job):
    import shutil

    import torch

    if shutil.which("g++") is None:
        raise Absent("torch.compile needs a C++ compiler")
    import torch._inductor.config

    torch._inductor.config.freezing = True

    def prepare(module):
        fast = torch.compile(module)

        def compute(images):
            with torch.no_grad():
                return fast(images)

        return compute

    return _torch(job, prepare)


def onnxruntime(job):
    import tempfile

    import torch

    try:
        import onnxruntime as runtime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise Absent(f"not installed: {error.name}") from error
    if job["precision"] != "fp32":
        raise Absent("its CPU provider computes in fp32 only")
    module, images = network(job)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.onnx")
        torch.onnx.export(module, (images,), path, dynamo=True, verbose=False)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = job["threads"]
        options.log_severity_level = 3
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: images.numpy()}
    expected = _reference(module, images)
    return lambda: session.run(None, feed)[0], lambda output: _error(torch.from_numpy(output), expected)


def openvino(job):
    import torch

    try:
        import openvino as ov
    except ImportError as error:
        raise Absent(f"not installed: {error.name}") from error
    module, images = network(job)
    expected = _reference(module, images)
    model = ov.convert_model(module, example_input=images)
    model.reshape(list(images.shape))
    precision = {"fp32": "f32", "bf16": "bf16"}[job["precision"]]
    settings = {
        "INFERENCE_NUM_THREADS": job["threads"],
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
    }
    network_ = ov.Core().compile_model(model, "CPU", settings)
    used = network_.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if used != precision:
        raise Absent(f"computes in {used} on this processor")
    request = network_.create_infer_request()
    request.set_input_tensor(ov.Tensor(images.numpy()))

    def run():
        request.infer()
        return request.get_output_tensor(0).data

    return run, lambda output: _error(torch.from_numpy(output.copy()), expected)


def _reference(module, images):
    import torch

    with torch.inference_mode():
        return module(images).float().clone()


def _error(output, expected):
    if output.shape != expected.shape or not expected.numel():  # boxes, as many as rounding lets through
        return None
    return ((output - expected).abs().max() / expected.std()).item()


def wall_clock(run, count):
    """-> milliseconds of each of `count` runs"""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


PEERS = {"PyTorch eager": eager, "torch.compile": compiled, "ONNX Runtime": onnxruntime, "OpenVINO": openvino}


def main():
    job = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers

    def answer(**message):
        print(json.dumps(message), file=answers, flush=True)

    on_gpu = job.get("device", "cpu") != "cpu"
    try:
        if on_gpu:
            import gpu_worker

            run, error, timed = gpu_worker.contestant(job, network, Absent)
        else:
            run, error = PEERS[job["peer"]](job)
            timed = wall_clock
        for _ in range(WARM_UP):
            output = run()
        answer(ready=True, error=error(output))
    except Absent as reason:
        answer(absent=str(reason))
        return
    except Exception as failure:  # a peer that does not work is reported, not hidden
        answer(absent=f"{type(failure).__name__}: {str(failure)[:200]}")
        return
    for line in sys.stdin:
        try:
            wanted = json.loads(line)
            times = timed(run, wanted["run"])
            if on_gpu and wanted.get("rest"):
                gpu_worker.rest()
            answer(ms=times)
        except Exception as failure:
            answer(absent=f"{type(failure).__name__}: {str(failure)[:200]}")
            return


if __name__ == "__main__":
    main()
