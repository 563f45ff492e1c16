"""Wrong variants of `reference.language.text`."""

import re
import unicodedata
from itertools import accumulate, pairwise

from properties.mistakes import mistake, variant
from reference.language.text import (
    bytes_from_text,
    bytes_per_token,
    characters_per_token,
    delete_characters,
    digit_pre_tokens,
    gpt2_pre_tokens,
    mark_spaces,
    pre_token_counts,
    split_special_tokens,
    text_from_bytes,
    unmark_spaces,
    words_per_token,
)


@mistake(of=bytes_from_text, seen="catalogue R003-180")
def bytes_from_text_with_surrogates(text):
    """halves of UTF-16 pairs are written as three bytes each, which is not UTF-8"""
    return text.encode("utf-8", errors="surrogatepass")


@mistake(of=bytes_from_text, seen="catalogue R003-180")
def bytes_from_text_with_question_marks(text):
    """a lone surrogate becomes a question mark in silence"""
    return text.encode("utf-8", errors="replace")


@mistake(of=bytes_from_text, seen="catalogue R003-180")
def bytes_from_text_normalised(text):
    """the text is normalised first, so that other characters come back"""
    return unicodedata.normalize("NFC", text).encode("utf-8")


@mistake(of=bytes_from_text, seen="E003-066")
def bytes_from_text_in_utf_16(text):
    """characters are written as UTF-16, where ASCII has two bytes"""
    text.encode("utf-8")
    return text.encode("utf-16-be")


@mistake(of=bytes_from_text, seen="catalogue R003-180")
def bytes_from_text_with_line_feeds(text):
    """the two characters that end a line become one"""
    return bytes_from_text(text.replace("\r\n", "\n"))


@mistake(of=text_from_bytes, seen="catalogue R003-180")
def text_from_bytes_that_drops(data):
    """bytes that are no text are dropped in silence"""
    return data.decode("utf-8", errors="ignore")


@mistake(of=text_from_bytes, seen="catalogue R003-180")
def text_from_bytes_strict(data):
    """a character that breaks off raises instead of being replaced"""
    return data.decode("utf-8")


@mistake(of=text_from_bytes, seen="CPython's `backslashreplace`")
def text_from_bytes_with_a_mark_per_byte(data):
    """each byte of a character that breaks off is replaced, instead of all of them together"""
    text = data.decode("utf-8", errors="surrogateescape")
    return "".join("\ufffd" if "\udc80" <= character <= "\udcff" else character for character in text)


@mistake(of=text_from_bytes, seen="catalogue R003-180")
def text_from_bytes_with_one_mark_per_run(data):
    """all neighbouring bytes that are no text share one mark"""
    return re.sub("\ufffd+", "\ufffd", data.decode("utf-8", errors="replace"))


@mistake(of=text_from_bytes, seen="catalogue R003-180")
def text_from_bytes_in_latin_1(data):
    """each byte is read as a character of its own"""
    return data.decode("latin-1")


@mistake(of=text_from_bytes, seen="catalogue R003-180")
def text_from_bytes_without_byte_order_mark(data):
    """a mark of the byte order at the start is taken for no part of the text"""
    return data.decode("utf-8-sig", errors="replace")


@mistake(of=text_from_bytes, seen="catalogue R003-180")
def text_from_bytes_with_line_feeds(data):
    """the two characters that end a line become one"""
    return text_from_bytes(data).replace("\r\n", "\n")


@mistake(of=delete_characters, seen="catalogue R004-043")
def delete_characters_by_unescaped_class(text, characters):
    """the class is written into a regular expression as it is, where ], - and ^ mean something"""
    return re.sub(f"[{characters}]+", "", text) if characters else text


@mistake(of=delete_characters, seen="catalogue R004-043")
def delete_characters_as_one_run(text, characters):
    """only the characters together, as one word, are deleted"""
    return text.replace(characters, "") if characters else text


@mistake(of=delete_characters, seen="str.strip")
def delete_characters_at_the_ends(text, characters):
    """characters are deleted at the ends of the text only"""
    return text.strip(characters) if characters else text


@mistake(of=delete_characters, seen="catalogue R004-043")
def delete_characters_in_any_case(text, characters):
    """capitals are deleted for small letters and small letters for capitals"""
    return delete_characters(text, characters.lower() + characters.upper())


@mistake(of=delete_characters, seen="catalogue R004-043")
def delete_characters_by_bytes(text, characters):
    """bytes are deleted, which characters beyond ASCII share"""
    return text.encode().translate(None, characters.encode()).decode(errors="replace")


@variant(of=delete_characters, seen="catalogue R004-043")
def delete_characters_by_escaped_class(text, characters):
    """a regular expression does, with its characters escaped"""
    return re.sub(f"[{re.escape(characters)}]+", "", text) if characters else text


@mistake(of=gpt2_pre_tokens, seen="SewoongLab/byte-sampler#1")
def gpt2_pre_tokens_in_chunks(text):
    """text that comes in chunks is cut at their ends, where a longer piece may still be open"""
    return tuple(piece for start in range(0, len(text), 4) for piece in gpt2_pre_tokens(text[start : start + 4]))


@mistake(of=gpt2_pre_tokens, seen="catalogue R003-181")
def gpt2_pre_tokens_with_space_behind(text):
    """the space stays with the word before it"""
    return tuple(re.findall(r"\S+\s?|\s+", text))


@mistake(of=gpt2_pre_tokens, seen="str.split")
def gpt2_pre_tokens_without_spaces(text):
    """white space is thrown away"""
    return tuple(text.split())


@mistake(of=gpt2_pre_tokens, seen="openai/gpt-2, `encoder.py`")
def gpt2_pre_tokens_with_greedy_space(text):
    """a run of white space is kept whole, so that the word after it has no space"""
    pieces = gpt2_pre_tokens(text)
    joined = []
    for piece in pieces:
        if joined and joined[-1].isspace() and piece[0] == " " and not piece.isspace():
            joined[-1:] = [joined[-1] + " ", piece[1:]]
        else:
            joined.append(piece)
    return tuple(joined)


@mistake(of=gpt2_pre_tokens, seen="catalogue R003-181")
def gpt2_pre_tokens_with_typographic_apostrophes(text):
    """U+2019 is made an apostrophe first, so that contractions are cut off and the text does not come back"""
    return gpt2_pre_tokens(text.replace("\u2019", "'"))


@mistake(of=gpt2_pre_tokens, seen="the package `re` in place of `regex`")
def gpt2_pre_tokens_with_ascii_classes(text):
    """only ASCII letters and digits count as letters and numbers"""
    return tuple(re.findall(r"'(?:[stmd]|re|ve|ll)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", text))


@mistake(of=gpt2_pre_tokens, seen="tiktoken, `cl100k_base`")
def gpt2_pre_tokens_regardless_of_case(text):
    """contractions in capitals are cut off too, as GPT-4's pattern does"""
    pieces = gpt2_pre_tokens(re.sub(r"'(S|T|RE|VE|M|LL|D)", lambda found: found[0].lower(), text))
    ends = [sum(map(len, pieces[:index])) for index in range(len(pieces) + 1)]
    return tuple(text[start:end] for start, end in pairwise(ends))


@mistake(of=gpt2_pre_tokens, seen="catalogue R003-181")
def gpt2_pre_tokens_with_underscore_as_letter(text):
    """letters are \\w without digits, which takes _ for one"""
    joined = gpt2_pre_tokens(text.replace("_", "x"))
    ends = [sum(map(len, joined[:index])) for index in range(len(joined) + 1)]
    return tuple(text[start:end] for start, end in pairwise(ends))


@mistake(of=gpt2_pre_tokens, seen="catalogue R003-181")
def gpt2_pre_tokens_with_any_leading_space(text):
    """a space that does not break is put before a word too"""
    joined = gpt2_pre_tokens(text.replace("\u00a0", " "))
    ends = [sum(map(len, joined[:index])) for index in range(len(joined) + 1)]
    return tuple(text[start:end] for start, end in pairwise(ends))


@mistake(of=gpt2_pre_tokens, seen="catalogue R003-181")
def gpt2_pre_tokens_with_separators_as_spaces(text):
    """the separators of ASCII, 0x1C to 0x1F, are white space, as they are in Python's `str.isspace`"""
    pieces = gpt2_pre_tokens(text.translate(dict.fromkeys(range(0x1C, 0x20), "\u2028")))
    ends = accumulate((len(piece) for piece in pieces), initial=0)
    return tuple(text[start:end] for start, end in pairwise(ends))


@mistake(of=digit_pre_tokens, seen="CodeWithKyrian/transformers-php#51")
def digit_pre_tokens_without_the_rest(text):
    """text without a digit is lost"""
    return tuple(re.findall(r"\d|\D+", text)) if re.search(r"\d", text) else ()


@mistake(of=digit_pre_tokens, seen="arXiv:2302.13971, section 2.1")
def digit_pre_tokens_in_groups(text):
    """a whole number stays one piece"""
    return tuple(re.findall(r"\d+|\D+", text))


@mistake(of=digit_pre_tokens, seen="tokenizers, `Digits`")
def digit_pre_tokens_of_all_numbers(text):
    """superscripts and fractions are cut out as if they were decimal digits"""
    return tuple(re.findall(r"[\d\u00b2]|[^\d\u00b2]+", text))


@mistake(of=digit_pre_tokens, seen="catalogue R003-181")
def digit_pre_tokens_without_line_ends(text):
    """a dot matches all but the ends of lines, which are lost"""
    return tuple(re.findall(r"\d|(?:(?!\d).)+", text))


@mistake(of=digit_pre_tokens, seen="catalogue R003-181")
def digit_pre_tokens_of_some_scripts(text):
    """digits of ASCII and Arabic are known, and no others"""
    return tuple(re.findall(r"[0-9\u0660-\u0669]|[^0-9\u0660-\u0669]+", text))


@mistake(of=pre_token_counts, seen="rasbt/LLMs-from-scratch#975")
def pre_token_counts_of_whole_documents(documents, pre_tokenize):
    """documents are counted whole, so that tokens can be learned across words"""
    return {document: list(documents).count(document) for document in documents}


@mistake(of=pre_token_counts, seen="catalogue R003-188")
def pre_token_counts_of_last_document(documents, pre_tokenize):
    """the count of a word in one document replaces that of the documents before"""
    counts = {}
    for document in documents:
        pieces = list(pre_tokenize(document))
        counts |= {piece: pieces.count(piece) for piece in pieces}
    return counts


@mistake(of=pre_token_counts, seen="catalogue R003-188")
def pre_token_counts_of_documents_that_hold_it(documents, pre_tokenize):
    """a word counts once in each document, however often it stands there"""
    return pre_token_counts(["" for _ in documents], pre_tokenize) | {
        piece: sum(piece in pre_tokenize(document) for document in documents)
        for document in documents
        for piece in pre_tokenize(document)
    }


@mistake(of=mark_spaces, seen="ggml-org/llama.cpp#167")
def mark_spaces_without_the_first(text):
    """no mark is put before the text, so that its first word looks like the inside of one"""
    return mark_spaces(text).removeprefix("\u2581")


@mistake(of=mark_spaces, seen="ggml-org/llama.cpp#167")
def mark_spaces_unless_there_is_one(text):
    """no mark is put before a text that begins with a space, which then loses that space"""
    marked = mark_spaces(text)
    return marked[1:] if text.startswith(" ") else marked


@mistake(of=mark_spaces, seen="google/sentencepiece, `add_dummy_prefix`")
def mark_spaces_unchecked(text):
    """a mark in the text is let through and comes back as a space"""
    return ("\u2581" + text.replace(" ", "\u2581")) if text else ""


@mistake(of=mark_spaces, seen="catalogue R003-188")
def mark_spaces_of_nothing(text):
    """the empty text gets a mark"""
    return mark_spaces(text) or "\u2581"


@mistake(of=mark_spaces, seen="catalogue R003-188")
def mark_spaces_for_any_white_space(text):
    """tabs and ends of lines are marked too, and come back as spaces"""
    return re.sub(r"\s", "\u2581", mark_spaces(text))


@mistake(of=unmark_spaces, seen="catalogue R003-188")
def unmark_spaces_that_strips(marked):
    """all spaces at the start are dropped, also those of the text itself"""
    return marked.replace("\u2581", " ").lstrip(" ")


@mistake(of=unmark_spaces, seen="ggml-org/llama.cpp#167")
def unmark_spaces_that_keeps_the_first(marked):
    """the mark before the text comes back as a space"""
    return marked.replace("\u2581", " ")


@mistake(of=unmark_spaces, seen="catalogue R003-188")
def unmark_spaces_that_drops_a_character(marked):
    """the first character is dropped, whatever it is"""
    return marked.replace("\u2581", " ")[1:]


@mistake(of=unmark_spaces, seen="catalogue R003-188")
def unmark_spaces_that_drops_a_space(marked):
    """a space at the start that no mark stands for is dropped too"""
    return marked.replace("\u2581", " ").removeprefix(" ")


@mistake(of=split_special_tokens, seen="huggingface/tokenizers#918")
def split_special_tokens_between_letters(text, special_tokens):
    """a special token before a space or at the end is not found"""
    split_special_tokens("", special_tokens)
    longest_first = sorted(special_tokens, key=len, reverse=True)
    pattern = "(" + "|".join(map(re.escape, longest_first)) + r")(?=\S)" if special_tokens else r"(\b\B)"
    return tuple(part for part in re.split(pattern, text) if part)


@mistake(of=split_special_tokens, seen="tiktoken, `special_tokens_set`")
def split_special_tokens_in_order_of_the_list(text, special_tokens):
    """of those that start together the first of the list is taken instead of the longest"""
    split_special_tokens("", special_tokens)
    pattern = "(" + "|".join(map(re.escape, special_tokens)) + ")" if special_tokens else r"(\b\B)"
    return tuple(part for part in re.split(pattern, text) if part)


@mistake(of=split_special_tokens, seen="str.partition in a loop")
def split_special_tokens_one_after_the_other(text, special_tokens):
    """the whole text is searched for the longest token first, though another starts further left"""
    split_special_tokens("", special_tokens)
    parts = [text]
    for token in sorted(special_tokens, key=len, reverse=True):
        parts = [
            piece
            for part in parts
            for piece in (re.split(f"({re.escape(token)})", part) if part not in special_tokens else [part])
        ]
    return tuple(part for part in parts if part)


@mistake(of=split_special_tokens, seen="huggingface/tokenizers#918")
def split_special_tokens_that_drops_empty_tokens(text, special_tokens):
    """an empty special token is ignored in silence"""
    return split_special_tokens(text, [token for token in special_tokens if token])


@mistake(of=split_special_tokens, seen="catalogue R003-183")
def split_special_tokens_that_drops_white_space(text, special_tokens):
    """parts of nothing but white space are dropped"""
    return tuple(part for part in split_special_tokens(text, special_tokens) if part.strip())


@mistake(of=bytes_per_token, seen="catalogue R003-199")
def bytes_per_token_of_characters(text, ids):
    """characters are counted instead of bytes"""
    return len(text) / len(ids) + 0 * bytes_per_token(text, ids)


@mistake(of=bytes_per_token, seen="catalogue R003-199")
def bytes_per_token_inverted(text, ids):
    """tokens per byte instead of bytes per token"""
    density = bytes_per_token(text, ids)
    return 1 / density if density else 0.0


@mistake(of=bytes_per_token, seen="catalogue R003-199")
def bytes_per_token_of_no_tokens(text, ids):
    """no tokens count as one"""
    return len(text.encode()) / max(len(ids), 1)


@mistake(of=bytes_per_token, seen="catalogue R003-199")
def bytes_per_token_of_distinct_ids(text, ids):
    """tokens that occur again are not counted"""
    return bytes_per_token(text, list(set(ids)))


@mistake(of=characters_per_token, seen="catalogue R003-199")
def characters_per_token_of_words(text, ids):
    """words are counted instead of characters"""
    return words_per_token(text, ids)


@mistake(of=characters_per_token, seen="catalogue R003-199")
def characters_per_token_without_spaces(text, ids):
    """white space is not counted"""
    return characters_per_token("".join(text.split()), ids)


@mistake(of=characters_per_token, seen="catalogue R003-199")
def characters_per_token_in_utf_16(text, ids):
    """halves of UTF-16 pairs are counted, as other languages do"""
    return characters_per_token(text, ids) * len(text.encode("utf-16-le")) / (2 * len(text) or 1)


@mistake(of=words_per_token, seen="catalogue R003-199")
def words_per_token_of_spaces(text, ids):
    """words are counted by single spaces, so that two of them hold an empty word"""
    return len(text.split(" ")) / len(ids)


@mistake(of=words_per_token, seen="catalogue R003-199")
def words_per_token_of_letters(text, ids):
    """words are runs of letters and digits, so that a-b is two"""
    return words_per_token(" ".join(re.findall(r"\w+", text)), ids)


@mistake(of=words_per_token, seen="catalogue R003-199")
def words_per_token_between_ascii_spaces(text, ids):
    """bytes are split, where white space beyond ASCII is none"""
    return words_per_token("", ids) + len(text.encode().split()) / len(ids)
