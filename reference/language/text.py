"""Text before it is tokenised: its bytes, the pieces that no token may cross, and how much of it a token holds."""

from collections import Counter
from collections.abc import Callable, Sequence

import regex  # type: ignore[import-untyped]

_GPT2 = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
_SPACE = "\u2581"


def bytes_from_text(text: str) -> bytes:
    """UTF-8 bytes of a text: one for ASCII, else two to four that are all at least 0x80.

    Domain: every text, the empty one and NUL included; a lone surrogate raises UnicodeEncodeError, which is a
    ValueError and names it. The text is not normalised.
    Source: RFC 3629, section 3.
    Notes: R003-180.
    """
    return text.encode("utf-8")


def text_from_bytes(data: bytes) -> str:
    """Text of UTF-8 bytes, with U+FFFD where they are none: one for each longest start of a character that breaks off.

    Domain: every sequence of bytes; a byte that starts no character is replaced on its own.
    Source: The Unicode Standard, section 3.9, "U+FFFD Substitution of Maximal Subparts".
    Differs: a strict decoder raises, and other decoders put one U+FFFD for each byte.
    Notes: R003-180.
    """
    return data.decode("utf-8", errors="replace")


def delete_characters(text: str, characters: str) -> str:
    """The text without the given characters; the others keep their order.

    Domain: every text; characters are code points, and none has a special meaning, neither "]" nor "-" nor "^".
    Source: the definition; the bracket expression of a regular expression, with its characters escaped.
    Notes: R004-043.
    """
    return "".join(character for character in text if character not in characters)


def gpt2_pre_tokens(text: str) -> tuple[str, ...]:
    """Pieces of a text that tokens do not cross, by GPT-2's pattern; they join to the text.

    At each position the first of these that fits, as long as it can be: an English contraction ('s, 't, 're, 've, 'm,
    'll, 'd); a run of letters, of numbers or of other characters, with one space before it if there is one; a run of
    white space, less its last character if anything follows it; a single white space.

    Domain: every text; letters, numbers and white space are Unicode's L, N and White_Space.
    Source: Radford et al. 2019, "Language models are unsupervised multitask learners", code (`encoder.py`).
    Differs: GPT-4's pattern ignores the case of contractions and cuts numbers into groups of up to three.
    Notes: R003-181, R003-204.
    """
    return tuple(_GPT2.findall(text))


def digit_pre_tokens(text: str) -> tuple[str, ...]:
    """Pieces of a text in which every decimal digit stands alone; they join to the text.

    Domain: every text; digits are Unicode's Nd. Text without a digit is one piece, the empty text none.
    Source: Touvron et al. 2023, arXiv:2302.13971, section 2.1: "we split all numbers into individual digits".
    Differs: `Digits(individual_digits=True)` of tokenizers takes all of N for digits, fractions and Roman numerals too.
    Notes: R003-181.
    """
    pieces: list[str] = []
    for index, character in enumerate(text):
        if not pieces or character.isdecimal() or text[index - 1].isdecimal():
            pieces.append(character)
        else:
            pieces[-1] += character
    return tuple(pieces)


def pre_token_counts(documents: Sequence[str], pre_tokenize: Callable[[str], Sequence[str]]) -> dict[str, int]:
    """How often each pre-token occurs in all documents together: all that a tokenizer is trained on.

    Domain: any number of documents; without one there are no counts. `str.split` makes words of them.
    Source: Sennrich et al. 2016, arXiv:1508.07909, section 3.2.
    Notes: R003-181, R003-188.
    """
    counts: Counter[str] = Counter()
    for document in documents:
        counts.update(pre_tokenize(document))
    return dict(counts)


def mark_spaces(text: str) -> str:
    """The text with U+2581 for every space, and one more before it, so that the first word looks like the others.

    Domain: a text without U+2581, else ValueError; the empty text stays empty. Only U+0020 is a space.
    Source: Kudo & Richardson 2018, arXiv:1808.06226, "Lossless tokenization"; `add_dummy_prefix` in code.
    Notes: R003-188.
    """
    if _SPACE in text:
        raise ValueError(f"the text holds the mark of a space already: {text!r}")
    return (_SPACE + text.replace(" ", _SPACE)) if text else ""


def unmark_spaces(marked: str) -> str:
    """The text of marked pieces joined: a space for every U+2581, but none for one at the start.

    Domain: every text.
    Source: Kudo & Richardson 2018, arXiv:1808.06226, "Lossless tokenization".
    Notes: R003-188.
    """
    return marked.removeprefix(_SPACE).replace(_SPACE, " ")


def split_special_tokens(text: str, special_tokens: Sequence[str]) -> tuple[str, ...]:
    """Parts of a text, each a special token or free of them; they join to the text.

    The special token that starts first is cut out first, and of those that start together the longest.

    Domain: no special token is empty, else ValueError. Parts are never empty.
    Source: tokenizers (`added_vocabulary.rs`), leftmost and longest.
    Differs: tiktoken leaves it to the order of a hash table which of those that start together it takes.
    Notes: R003-183.
    """
    if "" in special_tokens:
        raise ValueError(f"a special token is empty: {list(special_tokens)}")
    longest_first = sorted(special_tokens, key=len, reverse=True)
    parts: list[str] = []
    start = position = 0
    while position < len(text):
        found = next((token for token in longest_first if text.startswith(token, position)), "")
        if found:
            parts += [text[start:position], found]
            start = position + len(found)
        position += len(found) or 1
    return tuple(part for part in [*parts, text[start:]] if part)


def bytes_per_token(text: str, ids: Sequence[int]) -> float:
    """UTF-8 bytes of a text for each of its tokens.

    Domain: at least one token, else ValueError.
    Source: Gao et al. 2020, arXiv:2101.00027, section 3.1, the inverse of L_T / L_B.
    Notes: R003-199.
    """
    return _per_token(len(bytes_from_text(text)), ids)


def characters_per_token(text: str, ids: Sequence[int]) -> float:
    """Characters of a text, counted as code points, for each of its tokens.

    Domain: at least one token, else ValueError.
    Source: the definition.
    Differs: what a reader takes for a character may be several code points.
    Notes: R003-199.
    """
    return _per_token(len(text), ids)


def words_per_token(text: str, ids: Sequence[int]) -> float:
    """Words of a text, counted between white space, for each of its tokens.

    Domain: at least one token, else ValueError.
    Source: the definition; its inverse is the "fertility" of Rust et al. 2021, arXiv:2012.15613.
    Notes: R003-199.
    """
    return _per_token(len(text.split()), ids)


def _per_token(amount: int, ids: Sequence[int]) -> float:
    if not ids:
        raise ValueError(f"an amount of {amount} cannot be shared by no tokens; got ids {ids}")
    return amount / len(ids)
