"""From scores to tokens: filters and beams over large vocabularies beside transformers, n-grams beside NLTK."""

import itertools
import math

import torch
from nltk.lm import NgramCounter, Vocabulary, WittenBellInterpolated
from nltk.util import everygrams, ngrams
from transformers import GenerationConfig, GenerationMixin, PreTrainedConfig, PreTrainedModel
from transformers.generation import TopKLogitsWarper, TopPLogitsWarper
from transformers.modeling_outputs import CausalLMOutput

from benchmarks.language import generated_text
from benchmarks.loops import CPU, LoopBesidePeer
from benchmarks.peers import assert_same
from reference.language.ngram import ngram_counts, pad_sentence, sentence_log_probability
from reference.language.sampling import top_k_filter, top_p_filter
from reference.language.search import beam_search
from reference.language.smoothing import context_totals, witten_bell_probability, witten_bell_probability_by_totals

BATCHES, VOCABULARY = [1, 4, 16, 64], 128_000
K, P, SPREAD = 50, 0.9, 8.0
VOCABULARIES = [128, 1_280, 12_800, 128_000]
BEAM_WIDTH, BEAM_STEPS, PREFIXES, EOS = 4, 2, 16, 0
WORDS, ORDER, SENTENCE, START = [100, 1_000, 10_000, 100_000], 3, 10, "<s>"

Counts = dict[tuple[str, ...], int]


class _Filter(LoopBesidePeer, peer="transformers"):
    """Logits as peaked as those of language models, so that no rounding moves a token into the nucleus or out of it."""

    def prepare(self, size: int, device: str) -> None:
        self.logits = (SPREAD * self.normal(size, VOCABULARY)).to(device)
        self.top_k, self.top_p = TopKLogitsWarper(K), TopPLogitsWarper(P)
        self.least_bytes = 2 * self.logits.nbytes


class TopK(_Filter, size="batch", sizes=BATCHES, peer="transformers"):
    """Logits of the k likeliest tokens."""

    def reference(self) -> torch.Tensor:
        return top_k_filter(self.logits, K)

    def peer(self) -> torch.Tensor:
        return self.top_k(None, self.logits)


class TopP(_Filter, size="batch", sizes=BATCHES, peer="transformers"):
    """Logits of the nucleus."""

    def reference(self) -> torch.Tensor:
        return top_p_filter(self.logits, P)

    def peer(self) -> torch.Tensor:
        return self.top_p(None, self.logits)


class _LastToken(PreTrainedModel, GenerationMixin):
    """A model in the form that transformers decodes: the next token depends on the last one alone."""

    config_class = PreTrainedConfig

    def __init__(self, log_probabilities: torch.Tensor) -> None:
        super().__init__(PreTrainedConfig(vocab_size=log_probabilities.shape[1]))
        self.log_probabilities = torch.nn.Parameter(log_probabilities, requires_grad=False)

    def forward(self, input_ids: torch.Tensor, **others: object) -> CausalLMOutput:
        return CausalLMOutput(logits=self.log_probabilities[input_ids % PREFIXES])


class BeamSearch(LoopBesidePeer, size="vocabulary", sizes=VOCABULARIES, peer="transformers"):
    """Two steps of a beam of four, the first from one prefix and the second from four; no sequence ends early."""

    def prepare(self, size: int, device: str) -> None:
        logits = self.normal(PREFIXES, size)
        logits[:, EOS] = -math.inf
        self.log_probabilities = logits.log_softmax(-1).to(device)
        self.model = _LastToken(self.log_probabilities)
        self.prompt = torch.zeros(1, 1, dtype=torch.long, device=device)
        self.config = GenerationConfig(
            num_beams=BEAM_WIDTH,
            num_return_sequences=BEAM_WIDTH,
            max_new_tokens=BEAM_STEPS,
            use_cache=False,
            return_dict_in_generate=True,
            output_scores=True,
        )
        self.least_bytes = 4 * size * (1 + (BEAM_STEPS - 1) * BEAM_WIDTH)

    def _after(self, prefix: tuple[int, ...]) -> torch.Tensor:
        return self.log_probabilities[prefix[-1] % PREFIXES if prefix else 0]

    def reference(self) -> tuple[torch.Tensor, torch.Tensor]:
        found = beam_search(self._after, EOS, BEAM_STEPS, BEAM_WIDTH, 1.0)
        scores = torch.stack([one.log_probability / BEAM_STEPS for one in found])
        return torch.tensor([one.tokens for one in found], device=scores.device), scores

    def peer(self) -> tuple[torch.Tensor, torch.Tensor]:
        found = self.model.generate(self.prompt, generation_config=self.config)
        return found.sequences[:, 1:], found.sequences_scores


def padded_sentences(num_words: int) -> list[tuple[str, ...]]:
    words = generated_text(9 * num_words).split()[:num_words]
    return [pad_sentence(words[at : at + SENTENCE], ORDER - 1) for at in range(0, num_words, SENTENCE)]


def predicted(sentences: list[tuple[str, ...]]) -> NgramCounter:
    """NLTK's counts of the n-grams that do not end in a start, which nothing predicts."""
    found = (everygrams(words, max_len=ORDER) for words in sentences)
    return NgramCounter([ngram for ngram in ngrams if ngram[-1] != START] for ngrams in found)


def flat(counter: NgramCounter) -> Counts:
    longer = (counter[length].items() for length in range(2, ORDER + 1))
    after_contexts = [((), counter.unigrams), *itertools.chain.from_iterable(longer)]
    return {(*context, word): count for context, after in after_contexts for word, count in after.items()}


class NgramCounting(LoopBesidePeer, size="words", sizes=WORDS, peer="nltk", devices=CPU):
    """How often each n-gram up to trigrams occurs in a text.

    NLTK also counts those that end in a start.
    """

    def prepare(self, size: int, device: str) -> None:
        self.sentences = padded_sentences(size)

    def reference(self) -> Counts:
        return ngram_counts(self.sentences, ORDER)

    def peer(self) -> NgramCounter:
        return NgramCounter(everygrams(words, max_len=ORDER) for words in self.sentences)

    def check(self) -> None:
        expected = {ngram: count for ngram, count in flat(self.peer()).items() if ngram[-1] != START}
        assert self.reference() == expected, "NLTK counts other n-grams"


class NgramScoring(LoopBesidePeer, size="words", sizes=WORDS, peer="nltk", devices=CPU):
    """Log probability of a sentence of ten words under the trigrams of a text, by Witten-Bell."""

    def prepare(self, size: int, device: str) -> None:
        sentences = padded_sentences(size)
        self.counts = ngram_counts(sentences, ORDER)
        self.sentence = sentences[0][-2:1:-1]  # a new order of known words
        counter = predicted(sentences)
        words = Vocabulary([START, *counter.unigrams])
        self.model = WittenBellInterpolated(ORDER, vocabulary=words, counter=counter)
        self.trigrams = list(ngrams(pad_sentence(self.sentence, ORDER - 1), ORDER))

    def _probability(self, word: str, context: tuple[str, ...]) -> float:
        return witten_bell_probability(word, context, self.counts)

    def reference(self) -> float:
        return sentence_log_probability(self.sentence, ORDER, self._probability)

    def peer(self) -> float:
        return -self.model.entropy(self.trigrams) * len(self.trigrams) * math.log(2)

    def check(self) -> None:
        assert_same(self.reference(), self.peer())


class NgramScoringByTotals(NgramScoring, size="words", sizes=WORDS, peer="nltk", devices=CPU):
    """As NgramScoring, with the totals of all contexts taken before."""

    def prepare(self, size: int, device: str) -> None:
        super().prepare(size, device)
        self.totals = context_totals(self.counts)

    def _probability(self, word: str, context: tuple[str, ...]) -> float:
        return witten_bell_probability_by_totals(word, context, self.counts, self.totals)
