"""Tokenizers: training and encoding of generated text up to 1 MB beside libraries, and how time grows with length."""

import json
import random
from collections import Counter
from collections.abc import Callable
from functools import partial

import tiktoken
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from benchmarks.loops import CPU, Growth, LoopBesidePeer
from benchmarks.peers import ratio
from properties.subjects import sentencepiece
from reference.language import bpe, unigram
from reference.language.unigram_training import unigram_seed_model

LENGTHS = [10_000, 100_000, 1_000_000]
NUM_MERGES, NUM_PIECES, MAX_PIECE, SEED = 500, 500, 8, 7


def generated_text(length: int) -> str:
    """Words of up to eight letters, the k-th of which is drawn with a frequency of 1 / k."""
    numbers = random.Random(SEED)
    words = ["".join(numbers.choices("etaoinshrdlu", range(12, 0, -1), k=1 + k % 8)) for k in range(2000)]
    text = " ".join(numbers.choices(words, [1 / (1 + k) for k in range(len(words))], k=length))
    return text[:length]


def trained_merges() -> tuple[bpe.Pair, ...]:
    return bpe.train_bpe_heap(Counter(generated_text(100_000).split()), 256 + NUM_MERGES)


def piece_model() -> dict[str, float]:
    """Parts of words with their space. Scores are whole quarters, of which float32 has the exact sum for 1 MB."""
    counts = Counter(" " + word for word in generated_text(100_000).split())
    return {piece: round(4 * p) / 4 for piece, p in unigram_seed_model(counts, NUM_PIECES, MAX_PIECE).items()}


class _Tokenizer(LoopBesidePeer, peer=""):
    """Each call takes from milliseconds to seconds, so that one is a sample."""

    number, repeat, warmup_time = 1, 3, 0


class BpeTraining(_Tokenizer, size="length", sizes=LENGTHS, peer="tokenizers", devices=CPU):
    """Merges learned from a text, of which the words are counted first."""

    def prepare(self, size: int, device: str) -> None:
        self.text = generated_text(size)

    def check(self) -> None:
        tokens = bpe.bpe_vocabulary(self.reference())
        assert self.peer() == [tokens[256 + k].decode() for k in range(NUM_MERGES)], "tokenizers learns other merges"

    def reference(self) -> tuple[bpe.Pair, ...]:
        return bpe.train_bpe_heap(Counter(self.text.split()), 256 + NUM_MERGES)

    def peer(self) -> list[str]:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        size = len(set(self.text)) - 1 + NUM_MERGES
        tokenizer.train_from_iterator([self.text], trainers.BpeTrainer(vocab_size=size, show_progress=False))
        return ["".join(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]


class BpeEncoding(_Tokenizer, size="length", sizes=LENGTHS, peer="tiktoken", devices=CPU):
    """A text as one piece."""

    def prepare(self, size: int, device: str) -> None:
        self.data, self.merges = generated_text(size).encode(), trained_merges()
        ranks = {token: known for known, token in bpe.bpe_vocabulary(self.merges).items()}
        self.tiktoken = tiktoken.Encoding("generated", pat_str=r"[\s\S]+", mergeable_ranks=ranks, special_tokens={})
        names = {known: token.decode("latin-1") for token, known in ranks.items()}
        pairs = [(names[first], names[second]) for first, second in self.merges]
        self.tokenizers = models.BPE({name: known for known, name in names.items()}, pairs)

    def check(self) -> None:
        expected = [*self.reference()]
        assert self.peer() == expected, "tiktoken finds other ids"
        assert [token.id for token in self._tokenizers()] == expected, "tokenizers finds other ids"

    def track_ratio_to_tokenizers(self, size: int, device: str, mode: str) -> float:
        return ratio(self.reference, self._tokenizers)

    track_ratio_to_tokenizers.unit = "reference / tokenizers"

    def reference(self) -> tuple[int, ...]:
        return bpe.encode_bpe_heap(self.data, self.merges)

    def peer(self) -> list[int]:
        return self.tiktoken._encode_single_piece(self.data)

    def _tokenizers(self) -> list:
        return self.tokenizers.tokenize(self.data.decode())


class UnigramEncoding(_Tokenizer, size="length", sizes=LENGTHS, peer="sentencepiece", devices=CPU):
    """The best segmentation of a text as one word."""

    def prepare(self, size: int, device: str) -> None:
        self.text, self.model = generated_text(size), piece_model()
        self.sentencepiece = sentencepiece._processor(self.model, sentencepiece._UNIGRAM)

    def check(self) -> None:
        assert self.peer() == [*self.reference()], "SentencePiece finds other pieces"

    def reference(self) -> tuple[str, ...]:
        return unigram.unigram_viterbi_trie(self.text, self.model)

    def peer(self) -> list[str]:
        return self.sentencepiece.Encode(self.text, out_type=str)


FORMS = ["train_bpe", "train_bpe_heap", "encode_bpe", "encode_bpe_heap", "viterbi", "viterbi_trie"]


class GrowthOverLength(Growth, forms=FORMS, size="length"):
    """Tokenizers over the length of the text: plain forms on short texts, fast ones on long texts."""

    def form(self, name: str) -> tuple[Callable[[int], Callable[[], object]], list[int]]:
        run, lengths = _forms()[name]
        return lambda length: partial(run, generated_text(length)), lengths


def _forms() -> dict[str, tuple[Callable[[str], object], list[int]]]:
    merges, model = trained_merges(), piece_model()
    short, long = [250, 500, 1_000, 2_000], [20_000, 40_000, 80_000, 160_000]

    def train(form: Callable[..., object], text: str) -> object:
        """As many merges as a tenth of the letters of different words, so that both grow."""
        words = {f"{word}{k}": 1 for k, word in enumerate(text.split())}
        return form(words, 256 + len(text) // 10)

    return {
        "train_bpe": (partial(train, bpe.train_bpe), short),
        "train_bpe_heap": (partial(train, bpe.train_bpe_heap), [2_500, 5_000, 10_000, 20_000]),
        "encode_bpe": (lambda text: bpe.encode_bpe(text.encode(), merges), short),
        "encode_bpe_heap": (lambda text: bpe.encode_bpe_heap(text.encode(), merges), long),
        "viterbi": (lambda text: unigram.unigram_viterbi(text, model), short),
        "viterbi_trie": (lambda text: unigram.unigram_viterbi_trie(text, model), long),
    }
