"""Judges SentencePiece: its unigram and BPE models, of pieces of our own.

    most probable segmentations           SentencePieceProcessor.Encode and NBestEncode with a unigram model
    byte-pair encoding by scores          SentencePieceProcessor.Encode with a BPE model
    marks of spaces                       SentencePieceProcessor.Normalize and DecodePieces

A model is written in the form in which the library reads it, sentencepiece_model.proto, with a normalizer that leaves
the text as it is. It must have an unknown piece, which stands first and covers what no other does. Where scores of
characters are not used they are pieces too. Scores are rounded to float32.
"""

import math
import struct

from sentencepiece import SentencePieceProcessor

PACKAGES = ("sentencepiece",)

_UNIGRAM, _BPE = 1, 2
_NORMAL, _UNKNOWN = 1, 2


def _field(number, data):
    length = bytes([len(data) & 127 | 128, len(data) >> 7])
    return bytes([number << 3 | 2]) + length + data


def _piece(piece, score, kind):
    return _field(1, _field(1, piece.encode()) + b"\x15" + struct.pack("<f", score) + bytes([24, kind]))


def _processor(pieces, kind, marks=False):
    if not pieces or "" in pieces or -math.inf in pieces.values():
        raise NotImplementedError("SentencePiece has no model without pieces, no empty piece and no score of -inf")
    proto = _piece("<unk>", 0.0, _UNKNOWN) + b"".join(_piece(*entry, _NORMAL) for entry in pieces.items())
    proto += _field(2, bytes([24, kind]))  # model_type
    proto += _field(3, _field(1, b"identity") + bytes([24, marks, 32, 0, 40, marks]))  # dummy prefix, spaces, escapes
    return SentencePieceProcessor(model_proto=proto)


def mark_spaces(text):
    return _processor({"a": 0.0}, _UNIGRAM, marks=True).Normalize(text)


def unmark_spaces(marked):
    return _processor(dict.fromkeys(marked or "a", 0.0), _UNIGRAM, marks=True).DecodePieces(list(marked))


def unigram_viterbi(word, model):
    return tuple(_processor(model, _UNIGRAM).Encode(word, out_type=str))


def unigram_n_best(word, model, n):
    return tuple(map(tuple, _processor(model, _UNIGRAM).NBestEncode(word, nbest_size=n, out_type=str)))


def encode_bpe_by_scores(text, scores):
    characters = dict.fromkeys(text or "a", 0.0)
    return tuple(_processor(characters | scores, _BPE).Encode(text, out_type=str))
