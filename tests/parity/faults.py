"""Bad input, end to end: the contract's exit code, one error line that names what is wrong, nothing else harmed."""

import os
import subprocess
import zlib
from functools import partial
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file

import containers
from cases import Bench, Case, Tier
from pictures import png_file
from program import Failed, Skipped
from references import Reference, Spec

MODEL = "deit_tiny_patch16_224"


class Scene:
    """A folder with good files, and how to call the program on them."""

    def __init__(self, bench: Bench, folder: Path):
        self.program = bench.program
        self.folder = folder
        self.state = bench.once("faults", lambda: Reference(Spec("timm", MODEL))).state
        self.weights = containers.safetensors(self.state, folder)
        self.images = folder / "images.safetensors"
        save_file({"images": torch.zeros(1, 3, 224, 224)}, self.images)
        self.picture = folder / "good.png"
        Image.new("RGB", (64, 48), (200, 30, 90)).save(self.picture)
        self.out = folder / "out.safetensors"

    def forward(self, code, *, model=MODEL, weights=None, images=None, out=None, flags=()):
        return self.program.fail(
            code,
            "forward",
            "-m",
            model,
            "-w",
            weights or self.weights,
            "-i",
            images or self.images,
            "-o",
            out or self.out,
            *flags,
        )

    def preprocess(self, code, *inputs, flags=()):
        return self.program.fail(code, "preprocess", "-m", MODEL, *inputs, "-o", self.out, *flags)

    def classify(self, *inputs):
        return ["classify", "-m", MODEL, "-w", self.weights, "--json", "-", *inputs]

    def file(self, name, content: bytes):
        path = self.folder / name
        path.write_bytes(content)
        return path


def says(message, *parts):
    for part in parts:
        if str(part).lower() not in message.lower():
            raise Failed(f"the message does not name '{part}': {message}")


def unknown_model(scene):
    says(scene.forward(2, model="deit_tiny_patch16_223"), "deit_tiny_patch16_223", MODEL)


def unknown_flag(scene):
    says(
        scene.program.fail(2, "classify", "-m", MODEL, "-w", scene.weights, "--topkk", "3", scene.picture),
        "--topkk",
        "--topk",
    )


def unknown_subcommand(scene):
    says(scene.program.fail(2, "classifi", scene.picture), "classifi", "classify")


def unknown_precision(scene):
    says(scene.forward(2, flags=("--precision", "bf61")), "bf61", "bf16")


def unknown_setting(scene):
    says(scene.forward(2, flags=("--set", "nonsense=1")), "nonsense")


def usage_before_files(scene):
    """The command line is checked before any file is opened."""
    says(scene.forward(2, weights=scene.folder / "absent.pth", flags=("--threads", "many")), "many")


def escaped_name(scene):
    message = scene.forward(2, model="\x1b[31mred\u202e")
    if "\x1b" in message or "\u202e" in message:
        raise Failed("a control or bidirectional character reaches the terminal")


def weights_absent(scene):
    says(scene.forward(3, weights=scene.folder / "absent.pth"), "absent.pth")


def weights_truncated(write, scene):
    path = write(scene)
    whole = path.read_bytes()
    for share in (0, 0.001, 0.3, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        says(scene.forward(3, weights=path), path.name)


def weights_a_picture(scene):
    says(scene.forward(3, weights=scene.picture), scene.picture.name)


def weights_a_folder(scene):
    says(scene.forward(3, weights=scene.folder), scene.folder.name)


def weights_a_pipe(scene):
    path = scene.folder / "pipe.pth"
    os.mkfifo(path)
    says(scene.forward(3, weights=path), path.name)


def weights_of_another_network(scene):
    other = Reference(Spec("timm", "resnet18"))
    (scene.folder / "other").mkdir()
    says(scene.forward(3, weights=containers.torch_zip(other.state, scene.folder / "other")), "model.pth", MODEL)


def weights_of_another_size(scene):
    changed = dict(scene.state, pos_embed=torch.zeros(1, 577, 192))
    path = containers.torch_zip(changed, scene.folder)
    says(scene.forward(3, weights=path), "pos_embed", "577", "197")


def weights_incomplete(scene):
    changed = {name: value for name, value in scene.state.items() if name != "blocks.7.attn.proj.bias"}
    says(scene.forward(3, weights=containers.torch_zip(changed, scene.folder)), "blocks.7.attn.proj.bias")


def weights_left_over(scene):
    changed = dict(scene.state, surplus=torch.zeros(3))
    says(scene.forward(3, weights=containers.torch_zip(changed, scene.folder)), "surplus")


class Hostile:
    """Pickles to a call of os.system."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def weights_hostile(write, scene):
    """Nothing in a file is ever called, whether the file is then refused or the record kept inert."""
    trace = scene.folder / "executed"
    path = write({"model": scene.state, "extra": Hostile(f"touch {trace}")}, scene.folder)
    outcome = scene.program.run("forward", "-m", MODEL, "-w", path, "-i", scene.images, "-o", scene.out)
    if trace.exists():
        raise Failed("the file's code was executed")
    if outcome.code not in (0, 3):
        raise Failed(f"exit {outcome.code}")


def shard_absent(scene):
    path = containers.sharded(scene.state, scene.folder)
    (scene.folder / "model-00002-of-00003.safetensors").unlink()
    says(scene.forward(3, weights=path), "model-00002-of-00003.safetensors")


def shard_elsewhere(scene):
    path = containers.sharded(scene.state, scene.folder)
    path.write_text(path.read_text().replace("model-00002-of-00003", "../model-00002-of-00003"))
    says(scene.forward(3, weights=path), "..")


def input_tensor_absent(scene):
    save_file({"pictures": torch.zeros(1, 3, 224, 224)}, scene.folder / "wrong.safetensors")
    says(scene.forward(4, images=scene.folder / "wrong.safetensors"), "images")


def input_tensor_of_another_size(scene):
    save_file({"images": torch.zeros(1, 3, 200, 224)}, scene.folder / "wrong.safetensors")
    says(scene.forward(4, images=scene.folder / "wrong.safetensors"), "200", "224")


def input_tensor_of_another_type(scene):
    save_file({"images": torch.zeros(1, 3, 224, 224, dtype=torch.int64)}, scene.folder / "wrong.safetensors")
    says(scene.forward(4, images=scene.folder / "wrong.safetensors"), "images", "I64")


def picture_absent(scene):
    says(scene.preprocess(4, scene.folder / "absent.jpg"), "absent.jpg")


def picture_truncated(scene):
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (200, 300, 3), generator=generator, dtype=torch.uint8)
    for suffix in ("jpg", "png", "bmp", "webp"):
        path = scene.folder / f"cut.{suffix}"
        Image.fromarray(noise.numpy()).save(path)
        path.write_bytes(path.read_bytes()[: -len(path.read_bytes()) // 3])
        says(scene.preprocess(4, path), path.name)


def picture_of_another_kind(scene):
    for name, content in (
        ("a.gif", b"GIF89a" + bytes(40)),
        ("a.tiff", b"II*\0" + bytes(40)),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ):
        says(scene.preprocess(4, scene.file(name, content)), name, Path(name).suffix[1:])


def picture_too_large(scene):
    """A few bytes that ask for 4 gigapixels are refused from the header."""
    bomb = scene.file("bomb.png", png_file(65535, 65535, 8, 2, zlib.compress(bytes(100_000))))
    says(scene.preprocess(4, bomb), "bomb.png", "65535")


def bad_picture_among_good_ones(scene):
    bad = scene.file("bad.jpg", b"no picture at all")
    outcome = scene.program.succeed(*scene.classify(scene.picture, bad, scene.picture))
    *records, summary = outcome.records()
    if len(records) != 2 or summary["frames_in"] != 3 or summary["frames_out"] != 2:
        raise Failed(f"{len(records)} records, summary {summary}")
    if "bad.jpg" not in str(summary["skipped"]):
        raise Failed(f"the summary does not name bad.jpg: {summary}")
    says(scene.program.fail(4, *scene.classify(scene.picture, bad, "--strict"), reports=True), "bad.jpg")


def output_exists(scene):
    scene.out.write_bytes(b"precious")
    says(scene.forward(2), scene.out.name)
    if scene.out.read_bytes() != b"precious":
        raise Failed("the old file was touched")


def output_is_input(scene):
    before = scene.images.read_bytes()
    scene.forward(2, out=scene.images, flags=("-y",))
    if scene.images.read_bytes() != before:
        raise Failed("the input was touched")


def output_folder_absent(scene):
    says(scene.forward(2, out=scene.folder / "nowhere" / "out.safetensors"), "nowhere")


def no_gpu(scene):
    if torch.cuda.is_available():
        raise Skipped("this machine has a GPU")
    says(scene.forward(5, flags=("--device", "cuda")), "cuda")


def full_disk(scene):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [scene.program.path, "models", "list", "--json", "-"], stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    if done.returncode != 1 or done.stderr.count(b"vitral: error:") != 1:
        raise Failed(f"exit {done.returncode}: {done.stderr[:200]!r}")


def closed_pipe(scene):
    """Who stops reading is no error."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [scene.program.path, *scene.classify(scene.picture)], stdout=closed, stderr=subprocess.PIPE, timeout=120
        )
    if done.returncode < 0 or b"error" in done.stderr:
        raise Failed(f"exit {done.returncode}: {done.stderr[:200]!r}")


_PLAIN = (
    unknown_model,
    unknown_flag,
    unknown_subcommand,
    unknown_precision,
    unknown_setting,
    usage_before_files,
    escaped_name,
    weights_absent,
    weights_a_picture,
    weights_a_folder,
    weights_a_pipe,
    weights_of_another_network,
    weights_of_another_size,
    weights_incomplete,
    weights_left_over,
    shard_absent,
    shard_elsewhere,
    input_tensor_absent,
    input_tensor_of_another_size,
    input_tensor_of_another_type,
    picture_absent,
    picture_truncated,
    picture_of_another_kind,
    picture_too_large,
    bad_picture_among_good_ones,
    output_exists,
    output_is_input,
    output_folder_absent,
    no_gpu,
    full_disk,
    closed_pipe,
)

_WRITTEN = {
    "weights-truncated-safetensors": partial(weights_truncated, lambda scene: scene.weights),
    "weights-truncated-pth": partial(weights_truncated, lambda scene: containers.torch_zip(scene.state, scene.folder)),
    "weights-truncated-legacy": partial(
        weights_truncated, lambda scene: containers.torch_legacy(scene.state, scene.folder)
    ),
    "weights-truncated-npz": partial(
        weights_truncated, lambda scene: containers.npz({"a/b": scene.state["pos_embed"].numpy()}, scene.folder)
    ),
    "weights-hostile-pth": partial(weights_hostile, containers.torch_zip),
    "weights-hostile-legacy": partial(weights_hostile, containers.torch_legacy),
}


def _check(act, bench: Bench) -> str:
    with bench.room() as folder:
        act(Scene(bench, folder))
    return "as agreed"


def fault_cases():
    acts = {act.__name__.replace("_", "-"): act for act in _PLAIN} | _WRITTEN
    return [Case("fault", MODEL, "bad-input", name, partial(_check, act), Tier.FAST) for name, act in acts.items()]
