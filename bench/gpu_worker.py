"""What peer_worker.py runs on a GPU: PyTorch eager and compiled, and the matrix product that tells the device's peak.

Products and convolutions in fp32 are exact (no TF32). cuDNN may look for its fastest algorithms while the network warms
up. Whoever has answered has nothing left on the GPU to do: the process may be stopped.
"""

import subprocess

MATRIX = 8192  # rows and columns of the product that stands for the peak
MATRIX_FLOP = 2 * MATRIX**3
MATRIX_PRODUCT = "matrix product"
EAGER, EAGER_NHWC = "PyTorch eager", "PyTorch eager NHWC"
COMPILED, TUNED = "torch.compile", "torch.compile max-autotune"
PEERS = (EAGER, EAGER_NHWC, COMPILED, TUNED)


def problem(device):
    """Why nothing can be measured on `device`, in one line; empty where it can."""
    try:
        import torch
    except ImportError:
        return "Python has no torch (`./run bench` installs it into .deps/peers)"
    if not torch.cuda.is_available():
        return "no GPU that torch can use on this machine"
    index = torch.device(device).index or 0
    if index >= torch.cuda.device_count():
        return f"this machine has {torch.cuda.device_count()} GPUs"
    return ""


def machine(device):
    """The GPU as nvidia-smi names it."""
    return _nvidia_smi(device, "name,driver_version,memory.total,power.limit,clocks.max.sm")


def clocks(device):
    """Clocks, temperature and what slows the GPU down, at this moment."""
    return _nvidia_smi(device, "clocks.sm,clocks.mem,temperature.gpu,power.draw,clocks_throttle_reasons.active")


def _nvidia_smi(device, fields):
    index = device.partition(":")[2] or "0"
    command = ["nvidia-smi", f"--id={index}", f"--query-gpu={fields}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    values = [value.strip() for value in done.stdout.strip().split(",")]
    return dict(zip(fields.split(","), values)) if done.returncode == 0 else {}


def contestant(job, network, absent):
    """-> (a run that is launched, the error of its output, the clock); `absent`: what to raise for who can't."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    torch.cuda.set_device(torch.device(job["device"]))
    if job["peer"] == MATRIX_PRODUCT:
        return (*_matrix_product(job), timed)
    return (*_network(job, network, absent), timed)


def timed(run, count):
    """-> milliseconds of each of `count` runs, between events on the stream; the GPU is idle afterwards."""
    import torch

    torch.cuda.synchronize()
    times = []
    for _ in range(count):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    torch.cuda.synchronize()
    return times


def rest():
    """Gives the memory that is not in use back to those who come next."""
    import torch

    torch.cuda.empty_cache()


def _matrix_product(job):
    import torch

    a, b = (torch.randn(MATRIX, MATRIX, device=job["device"], dtype=torch.bfloat16) for _ in range(2))
    out = torch.empty_like(a)
    return lambda: torch.mm(a, b, out=out), lambda output: None


def _network(job, network, absent):
    import torch

    module, images = network(job)
    with torch.inference_mode():  # the first picture is enough to see that it computes the same
        expected = module(images[:1]).float().clone()
    convolutional = any(
        isinstance(layer, torch.nn.Conv2d) and layer.kernel_size != layer.stride for layer in module.modules()
    )
    peer = job["peer"]
    if peer == EAGER_NHWC and not convolutional:
        raise absent("the network has no convolutions but those that cut patches")
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[job["precision"]]
    module, images = module.to(job["device"], dtype), images.to(job["device"], dtype)
    if convolutional and peer != EAGER:
        module, images = module.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
    if peer in (COMPILED, TUNED):
        fast = torch.compile(module, mode="max-autotune") if peer == TUNED else torch.compile(module)
    else:
        fast = module

    def run():
        with torch.no_grad():
            return fast(images)

    def error(output):
        found = output[:1].float().cpu()
        if found.shape != expected.shape or not expected.numel():
            return None
        return ((found - expected).abs().max() / expected.std()).item()

    return run, error
