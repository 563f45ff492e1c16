"""Judges Hugging Face's tokenizers: its models, pre-tokenizers, decoders and one trainer.

    bytes                                 pre_tokenizers.ByteLevel and decoders.ByteLevel
    GPT-2's pre-tokens                    pre_tokenizers.ByteLevel with its pattern, by their offsets
    digits                                pre_tokenizers.Digits
    marks of spaces                       pre_tokenizers.Metaspace; decoders.Metaspace on the characters
    special tokens                        added special tokens, by their offsets
    byte-pair encoding                    models.BPE over ByteLevel's alphabet, trainers.BpeTrainer
    of texts                              Tokenizer with models.BPE, ByteLevel and special tokens of the vocabulary
    WordPiece                             models.WordPiece, with the unknown token in its vocabulary
    most probable segmentation            models.Unigram without an unknown piece

A merge is known by the texts of its parts, and a text has one id. What the library raises as a bare Exception is passed
on as a RuntimeError.
"""

import json
from contextlib import contextmanager

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

PACKAGES = ("tokenizers",)

_ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
_OTHERS = (character for character in _ALPHABET if ord(character) > 255)
_CHARACTERS = [chr(byte) if chr(byte) in _ALPHABET else next(_OTHERS) for byte in range(256)]
_WHOLE = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
_GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


@contextmanager
def _errors():
    try:
        yield
    except Exception as error:
        if type(error) is Exception:
            raise RuntimeError(str(error)) from error
        raise


def _spelled(data):
    return "".join(_CHARACTERS[byte] for byte in data)


def _pieces(pre_tokenizer, text):
    return tuple(text[slice(*span)] for _, span in pre_tokenizer.pre_tokenize_str(text))


def _vocabulary(merges):
    tokens = list(_CHARACTERS)
    for first, second in merges:
        if not (0 <= first < len(tokens) and 0 <= second < len(tokens)):
            raise NotImplementedError("tokenizers has merges of texts, and an id that is not there has none")
        tokens.append(tokens[first] + tokens[second])
    if len(set(tokens)) < len(tokens):
        raise NotImplementedError("tokenizers has one id for a text, and two merges make the same")
    return tokens


def _bpe(merges, special_ids):
    tokens = _vocabulary(merges)
    if set(tokens) & set(special_ids):
        raise NotImplementedError("tokenizers has one id for a text, and a special token is that of another")
    vocabulary = {token: known for known, token in enumerate(tokens)} | special_ids
    return models.BPE(vocabulary, [(tokens[first], tokens[second]) for first, second in merges])


def _tokenizer(merges, special_ids):
    tokenizer = Tokenizer(_bpe(merges, special_ids))
    tokenizer.pre_tokenizer = _GPT2
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(special_ids))
    return tokenizer


def bytes_from_text(text):
    return bytes(_CHARACTERS.index(letter) for token, _ in _WHOLE.pre_tokenize_str(text) for letter in token)


def text_from_bytes(data):
    return decoders.ByteLevel().decode([_spelled(data)])


def gpt2_pre_tokens(text):
    return _pieces(_GPT2, text)


def digit_pre_tokens(text):
    return _pieces(pre_tokenizers.Digits(individual_digits=True), text)


def mark_spaces(text):
    marks = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    return "".join(piece for piece, _ in marks.pre_tokenize_str(text))


def unmark_spaces(marked):
    return decoders.Metaspace(prepend_scheme="always").decode(list(marked))


def split_special_tokens(text, special_tokens):
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.add_special_tokens(special_tokens)
    return tuple(text[slice(*span)] for span in tokenizer.encode(text).offsets)


def train_bpe(word_counts, vocab_size, num_special_tokens=0):
    if num_special_tokens < 0 or any(count < 1 for count in word_counts.values()):
        raise NotImplementedError("tokenizers has special tokens and words themselves and no numbers of them")
    specials = [f"<special {number}>" for number in range(num_special_tokens)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = _WHOLE
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, show_progress=False, special_tokens=specials, initial_alphabet=_ALPHABET
    )
    words = (word for word, count in word_counts.items() for _ in range(count))
    tokenizer.train_from_iterator(words, trainer)
    ids = {token: known for known, token in enumerate(_CHARACTERS)}
    merges = []
    for first, second in json.loads(tokenizer.to_str())["model"]["merges"]:
        merges.append((ids[first], ids[second]))
        if ids.setdefault(first + second, 255 + len(merges)) != 255 + len(merges):
            raise NotImplementedError("tokenizers has one id for a text, and two merges make the same")
    return tuple(merges)


def encode_bpe(data, merges):
    return tuple(token.id for token in _bpe(merges, {}).tokenize(_spelled(data)))


def encode_bpe_text(text, merges, special_ids):
    return tuple(_tokenizer(merges, special_ids).encode(text).ids)


def decode_bpe_text(ids, merges, special_ids):
    return _tokenizer(merges, special_ids).decode(ids, skip_special_tokens=False)


def wordpiece_encode(word, vocabulary, unknown="[UNK]", max_length=100):
    ids = {piece: known for known, piece in enumerate(dict.fromkeys([*vocabulary, unknown]))}
    model = models.WordPiece(ids, unk_token=unknown, max_input_chars_per_word=max_length)
    return tuple(token.value for token in model.tokenize(word))


def unigram_viterbi(word, model):
    with _errors():
        return tuple(token.value for token in models.Unigram(list(model.items()), None, False).tokenize(word))
