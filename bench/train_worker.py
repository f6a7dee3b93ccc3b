"""One turn of training in Python PyTorch, for train_peers.py: a job as JSON in the argument, the speed as JSON on standard output.

The loop is the usual one: AdamW, clipped gradients, the loss read after each step; on a GPU in AMP bf16 with the fused
AdamW. Its batches lie ready in memory (the GPU's, there), which favours it: the program reads and prepares its pictures
while it trains.
"""

import json
import sys
import time

import torch

from networks import detector_to_train


def classifier(job):
    import timm

    size = {"img_size": job["side"]} if job["model"].startswith("vit") else {}
    model = timm.create_model(job["model"], num_classes=job["classes"], **size)
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    labels = (torch.arange(job["batch"]) % job["classes"]).to(job["device"])
    return model, lambda images: criterion(model(images), labels)


def detector(job):
    model = detector_to_train(job["model"], job["classes"])
    labels = [
        {
            "class_labels": torch.tensor([i % job["classes"], (i + 1) % job["classes"]], device=job["device"]),
            "boxes": torch.tensor([[0.3, 0.4, 0.2, 0.3], [0.6, 0.5, 0.3, 0.2]], device=job["device"]),
        }
        for i in range(job["batch"])
    ]
    return model, lambda images: model(pixel_values=images, labels=labels).loss


def main():
    job = json.loads(sys.argv[1])
    device = torch.device(job["device"])
    on_gpu = device.type == "cuda"
    torch.manual_seed(0)
    torch.set_num_threads(job["threads"])
    torch.set_flush_denormal(True)
    model, loss_of = (detector if job["task"] == "detect" else classifier)(job)
    model.to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05, fused=True if on_gpu else None)
    batches = [torch.rand(job["batch"], 3, job["side"], job["side"]).to(device) for _ in range(job["steps"])]
    speeds = []
    for _ in range(job["epochs"]):
        begin = time.perf_counter()
        for images in batches:
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=on_gpu):
                loss = loss_of(images)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            loss.item()
        speeds.append(job["batch"] * job["steps"] / (time.perf_counter() - begin))
    print(json.dumps(speeds[1:]))


if __name__ == "__main__":
    main()
