#!/usr/bin/env python3
"""How fast the text models are: word2vec beside gensim, decoding with and without the cache.

    text.py --vitral build/release/bin/vitral [--threads 2] [--rounds 3] [--json FILE]

word2vec trains on gensim's own corpus (lee_background.cor of its tests, repeated) with one set of options in both; the
programs take turns and the fastest round of each counts. Quality is how much nearer, in deviations, words of one text
lie than words of two texts: tests/parity/sentences.py. Decoding writes 200 tokens with a network of random weights.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "parity"))

import sentences  # noqa: E402

TOKENS = 200


def vitral(options, *arguments):
    done = subprocess.run([options.vitral, *map(str, arguments)], capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def write_corpus(folder, repeats):
    lines = sentences._corpus(folder).read_text().splitlines()
    path = folder / "repeated.txt"
    path.write_text("\n".join(lines * repeats) + "\n")
    return path, lines


def theirs(corpus, architecture, dim, options):
    """Training alone is timed: both programs have read the corpus and counted its words before."""
    from gensim.models import Word2Vec

    model = Word2Vec(
        vector_size=dim, window=5, negative=5, min_count=5, epochs=5, sample=1e-3, workers=options.threads,
        sg=int(architecture == "skip-gram"), seed=1,
    )
    texts = [line.split() for line in corpus.read_text().splitlines()]
    model.build_vocab(texts)
    start = time.perf_counter()
    model.train(texts, total_examples=model.corpus_count, epochs=5)
    return time.perf_counter() - start, model.wv


def ours(corpus, architecture, dim, options, folder):
    from gensim.models import KeyedVectors

    flags = ("--arch", architecture, "--dim", dim, "--epochs", 5, "--threads", options.threads, "-q", "-y", "--json", "-")
    record = vitral(options, "text", "train", corpus, "-o", folder / "ours.bin", *flags)[0]
    return record["seconds"], KeyedVectors.load_word2vec_format(str(folder / "ours.bin"), binary=True)


def word2vec(options, folder):
    corpus, lines = write_corpus(folder, options.repeats)
    rows = []
    for architecture in ("cbow", "skip-gram"):
        for dim in (100, 300):
            best = {"ours": 1e9, "gensim": 1e9}
            for _ in range(options.rounds):
                seconds, own = ours(corpus, architecture, dim, options, folder)
                best["ours"] = min(best["ours"], seconds)
                seconds, other = theirs(corpus, architecture, dim, options)
                best["gensim"] = min(best["gensim"], seconds)
            gaps = {name: sentences._topic_gap(each.vectors, lines, each.key_to_index) for name, each in (("ours", own), ("gensim", other))}
            rows.append({"architecture": architecture, "dim": dim, "seconds": best, "quality": {k: float(v) for k, v in gaps.items()}})
            print(f"{architecture:9} {dim}: {best['ours']:.2f} s, gensim {best['gensim']:.2f} s ({best['gensim'] / best['ours']:.2f} times as fast); "
                  f"quality {gaps['ours']:.3f}, gensim {gaps['gensim']:.3f}", flush=True)
    return rows


def decoding(options, folder):
    """The same 200 tokens of one sentence; random weights hardly ever end it sooner, and that is checked."""
    rows = []
    for name, sizes in (("small", (256, 4, 3, 1024)), ("base", (512, 8, 6, 2048))):
        file = folder / f"{name}.safetensors"
        sentences._Translator(*sizes, False).write(file)
        (folder / "in.txt").write_text("thequickbrownfoxjumpsoverthelazydog\n")
        seconds, texts = {True: 1e9, False: 1e9}, {}
        for _ in range(options.rounds):
            for cache in (True, False):
                flags = ("--max-tokens", TOKENS, "--threads", options.threads, "--json", "-", *(() if cache else ("--no-cache",)))
                sentence, summary = vitral(options, "text", "generate", folder / "in.txt", "-m", file, *flags)
                seconds[cache], texts[cache] = min(seconds[cache], summary["seconds"]), (sentence["text"], sentence["tokens"])
        if texts[True] != texts[False] or texts[True][1] < TOKENS - 1:
            raise SystemExit(f"{name}: {texts}")
        rows.append({"model": name, "tokens": TOKENS, "cached": seconds[True], "plain": seconds[False]})
        print(f"{name}: {TOKENS} tokens in {seconds[True]:.3f} s with the cache, {seconds[False]:.3f} s without: "
              f"{seconds[False] / seconds[True]:.1f} times as fast, the same text", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vitral", type=Path, default=Path("build/release/bin/vitral"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=20, help="of the corpus' 59,000 words")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="text-") as folder:
        result = {"decoding": decoding(options, Path(folder)), "word2vec": word2vec(options, Path(folder))}
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
