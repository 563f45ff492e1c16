"""Judges tiktoken: its Encoding, with ranks of our own.

    GPT-2's pre-tokens                    encode_ordinary with the pattern of r50k_base
    special tokens                        encode with all special tokens allowed
    byte-pair encoding                    _encode_single_piece, encode_ordinary of no bytes, decode_bytes
    of texts                              encode with all special tokens allowed, decode

Pieces of a text are seen by making every substring a token. A rank belongs to a text, and whichever two tokens make it
are joined. Of special tokens that start together the one that a hash table gives first is found
(openai/tiktoken#102).
"""

from tiktoken import Encoding
from tiktoken_ext.openai_public import r50k_pat_str

PACKAGES = ("tiktoken",)

_BYTES = [bytes([byte]) for byte in range(256)]


def _encoding(pattern, tokens, special_ids):
    ranks = {token: rank for rank, token in enumerate(tokens)}
    return Encoding("given", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special_ids)


def _check_special_tokens(special_tokens):
    if "" in special_tokens:
        raise NotImplementedError("tiktoken never returns from a text if a special token is empty")
    if any(one != other and other.startswith(one) for one in special_tokens for other in special_tokens):
        raise NotImplementedError("tiktoken promises nothing of special tokens that start together")


def _substrings(text):
    found = {text[start:end].encode() for start in range(len(text)) for end in range(start + 1, len(text) + 1)}
    return [*_BYTES, *sorted(found - set(_BYTES))]


def _ways(token, tokens):
    return sum(token[:cut] in tokens and token[cut:] in tokens for cut in range(1, len(token)))


def _bpe(merges, special_ids):
    tokens = list(_BYTES)
    for first, second in merges:
        if not (0 <= first < len(tokens) and 0 <= second < len(tokens)):
            raise NotImplementedError("tiktoken has ranks of texts, and an id that is not there has no text")
        tokens.append(tokens[first] + tokens[second])
    known = set(tokens)
    if len(known) < len(tokens) or any(_ways(token, known) > 1 for token in tokens):
        raise NotImplementedError("tiktoken has ranks of texts and not of pairs, and two pairs make the same text")
    return _encoding(r50k_pat_str, tokens, special_ids)


def gpt2_pre_tokens(text):
    encoding = _encoding(r50k_pat_str, _substrings(text), {})
    return tuple(token.decode() for token in encoding.decode_tokens_bytes(encoding.encode_ordinary(text)))


def split_special_tokens(text, special_tokens):
    _check_special_tokens(special_tokens)
    tokens = _substrings(text)
    special_ids = {token: len(tokens) + number for number, token in enumerate(dict.fromkeys(special_tokens))}
    encoding = _encoding(r"[\s\S]+", tokens, special_ids)
    ids = encoding.encode(text, allowed_special="all")
    return tuple(token.decode() for token in encoding.decode_tokens_bytes(ids))


def encode_bpe(data, merges):
    encoding = _bpe(merges, {})
    return tuple(encoding._encode_single_piece(data) if data else encoding.encode_ordinary(""))


def decode_bpe(ids, merges):
    return _bpe(merges, {}).decode_bytes(ids)


def encode_bpe_text(text, merges, special_ids):
    _check_special_tokens(special_ids)
    return tuple(_bpe(merges, special_ids).encode(text, allowed_special="all"))


def decode_bpe_text(ids, merges, special_ids):
    return _bpe(merges, special_ids).decode(ids)
