"""Laws of `reference.language.text`."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from properties.closeness import assert_close, assert_equal
from properties.rejection import assert_rejects

CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
LEADS = {1: "0{}", 2: "110{}10{}", 3: "1110{}10{}10{}", 4: "11110{}10{}10{}10{}"}
WIDTHS = {1: (7,), 2: (5, 6), 3: (4, 6, 6), 4: (3, 6, 6, 6)}

any_text = st.text(max_size=6)
words = st.text("aAb\u00e8\u00e9]-^\\'", max_size=6)
written = st.text("ab7\u00b2\u2160'st_!\u0301\u5b57  \n\u00a0\u3000\x1f", max_size=8)


def utf_8(code_point):
    """The bits of a code point, cut from the right into the fewest bytes that hold them."""
    bits = f"{code_point:b}"
    size = next(size for size, widths in WIDTHS.items() if sum(widths) >= len(bits))
    bits, pieces = bits.zfill(sum(WIDTHS[size])), []
    for width in WIDTHS[size]:
        pieces, bits = [*pieces, bits[:width]], bits[width:]
    return int(LEADS[size].format(*pieces), 2).to_bytes(size, "big")


def read_utf_8(data):
    """WHATWG's decoder: a byte that may not follow ends a character, and is read again as the start of one."""
    text, needed, code_point, low, high = "", 0, 0, 0x80, 0xBF
    for byte in data:
        if needed and low <= byte <= high:
            needed, code_point, low, high = needed - 1, code_point << 6 | byte & 0x3F, 0x80, 0xBF
            text += "" if needed else chr(code_point)
            continue
        text, needed, low, high = text + "\ufffd" * bool(needed), 0, 0x80, 0xBF
        if byte < 0x80:
            text += chr(byte)
        elif 0xC2 <= byte <= 0xF4:
            needed = 1 + (byte >= 0xE0) + (byte >= 0xF0)
            code_point = byte & 0x3F >> needed
            low = {0xE0: 0xA0, 0xF0: 0x90}.get(byte, 0x80)
            high = {0xED: 0x9F, 0xF4: 0x8F}.get(byte, 0xBF)
        else:
            text += "\ufffd"
    return text + "\ufffd" * bool(needed)


def kind_of(character):
    """L, N, a space, or something else. Python also takes ASCII's four separators for spaces; Unicode does not."""
    category = unicodedata.category(character)[0]
    return (
        " "
        if character.isspace() and character not in "\x1c\x1d\x1e\x1f"
        else category
        if category in "LN"
        else "other"
    )


def length_of_first_piece(text):
    """How far GPT-2's first pre-token reaches."""
    contraction = next((known for known in CONTRACTIONS if text.startswith(known)), "")
    if contraction:
        return len(contraction)
    kinds = [*map(kind_of, text), "end"]
    start = int(text[0] == " " and kinds[1] not in (" ", "end"))
    end = next(index for index in range(start, len(kinds)) if kinds[index] != kinds[start])
    return end - (kinds[start] == " " and end > 1 and end < len(text))


def cut(text):
    """GPT-2's pre-tokens, one after the other."""
    pieces = []
    while text:
        length = length_of_first_piece(text)
        pieces, text = [*pieces, text[:length]], text[length:]
    return tuple(pieces)


@pytest.mark.parametrize("edge", [0, 0x7F, 0x80, 0x7FF, 0x800, 0x9999, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF])
def test_bytes_from_text_equals_bits_of_code_points(bytes_from_text, edge):
    """A character is the bits of its code point in the fewest bytes, whose first bits tell how many there are."""
    assert_equal(bytes_from_text(f"a{chr(edge)}e\u0301"), b"a" + utf_8(edge) + b"e\xcc\x81")


@given(text=any_text)
def test_bytes_from_text_is_inverted_by_decoding(bytes_from_text, text_from_bytes, text):
    """A text comes back from its bytes as it was: nothing, a byte order mark included, is changed or lost."""
    text = "\ufeffx\r\n" + text
    assert_equal(bytes_from_text(text), b"".join(utf_8(ord(character)) for character in text))
    assert_equal(text_from_bytes(bytes_from_text(text)), text)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ud83d\ude00"])
def test_bytes_from_text_rejects_surrogates(bytes_from_text, text):
    """Halves of a UTF-16 pair are no characters, not even two of them side by side."""
    assert_rejects(bytes_from_text, text)


@pytest.mark.parametrize("lead", [0x7F, 0x80, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF])
def test_text_from_bytes_equals_whatwg_decoder(text_from_bytes, lead):
    """Every longest start of a character that breaks off, and every byte that starts none, is one U+FFFD."""
    starts = [bytes([lead, second]) for second in (0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2)]
    data = b"".join(start + rest + b"A" for start in starts for rest in (b"", b"\x80", b"\x80\xbf", b"A\x80"))
    assert_equal(text_from_bytes(data + bytes([lead])), read_utf_8(data + bytes([lead])))


@given(text=words, characters=words)
def test_delete_characters_equals_translation_to_nothing(delete_characters, text, characters):
    """What is not in the class stays, in its order; a class is a set of characters and no pattern."""
    assert_equal(delete_characters(text, characters), text.translate(dict.fromkeys(map(ord, characters))))


@given(text=words, first=words, second=words)
def test_delete_characters_composes_as_union(delete_characters, text, first, second):
    """To delete one class and then another is to delete both, so that a second time changes nothing."""
    both = delete_characters("x" + text, first + second)
    assert_equal(delete_characters(delete_characters("x" + text, first), second), both)
    assert_equal(set(both), set("x" + text) - set(first + second))


@given(text=written)
def test_gpt2_pre_tokens_equals_scan(gpt2_pre_tokens, text):
    """The pre-tokens are those of a scanner that knows the kinds of characters and no pattern."""
    assert_equal(gpt2_pre_tokens("x" + text), cut("x" + text))


@given(text=any_text)
def test_gpt2_pre_tokens_join_to_the_text(gpt2_pre_tokens, text):
    """No character of any text is lost, and no pre-token is empty."""
    pieces = gpt2_pre_tokens("x" + text)
    assert_equal("".join(pieces), "x" + text)
    assert_equal("" in pieces, False)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hello world", ("Hello", " world")),
        ("we'll'share", ("we", "'ll", "'s", "hare")),
        ("I'm he'd isn't", ("I", "'m", " he", "'d", " isn", "'t")),
        ("we're I've it'S", ("we", "'re", " I", "'ve", " it", "'", "S")),
        ("it\u2019s", ("it", "\u2019", "s")),
        ("a !! 12345", ("a", " !!", " 12345")),
        ("  a   12 ", (" ", " a", "  ", " 12", " ")),
        ("x\n\n y", ("x", "\n\n", " y")),
        ("a\x1cb\x1f", ("a", "\x1c", "b", "\x1f")),
        ("", ()),
    ],
)
def test_gpt2_pre_tokens_equals_worked_example(gpt2_pre_tokens, text, pieces):
    """The last space before a word belongs to it, and of the contractions only those in small letters are cut off."""
    assert_equal(gpt2_pre_tokens(text), pieces)
    assert_equal(gpt2_pre_tokens(f"a {text}b")[0], "a")


@given(text=st.text("ab \n78\u0663\u0967\u00b2", max_size=7))
def test_digit_pre_tokens_equals_alternation(digit_pre_tokens, text):
    """A piece is one digit, of any script, or all that stands between two of them; they join to the text."""
    assert_equal(digit_pre_tokens("a" + text), tuple(re.findall(r"\d|\D+", "a" + text)))
    assert_equal(digit_pre_tokens("7" + text), tuple(re.findall(r"\d|\D+", "7" + text)))


@pytest.mark.parametrize(
    ("text", "pieces"), [("", ()), ("ab c", ("ab c",)), ("12", ("1", "2")), ("a12b c", ("a", "1", "2", "b c"))]
)
def test_digit_pre_tokens_leave_text_without_digits(digit_pre_tokens, text, pieces):
    """Without a digit there is nothing to cut, and without letters nothing to keep together."""
    assert_equal(digit_pre_tokens(text), pieces)


@given(documents=st.lists(st.text("ab ", max_size=7), max_size=3))
def test_pre_token_counts_adds_over_documents(pre_token_counts, documents):
    """A word counts as often as it occurs in all documents, joined by a space."""
    documents = [*documents, "a b a"]
    found = " ".join(documents).split(" ")
    assert_equal(pre_token_counts(documents, str.split), {word: found.count(word) for word in found if word})
    assert_equal(
        pre_token_counts(documents, tuple), {letter: "".join(documents).count(letter) for letter in "".join(documents)}
    )


@given(text=st.text("ab \t\n\u00a0", max_size=6))
def test_mark_spaces_is_inverted(mark_spaces, unmark_spaces, text):
    """A mark stands for each space and one before the text, which comes back with all the spaces that it had. Other
    white space stays, and the empty text has no mark.
    """
    assert_equal(mark_spaces(""), "")
    assert_equal(mark_spaces(text + "b"), "\u2581" + "\u2581".join((text + "b").split(" ")))
    assert_equal(unmark_spaces(mark_spaces(text + " ")), text + " ")


@pytest.mark.parametrize(
    ("marked", "text"), [("\u2581a\u2581b", "a b"), ("a\u2581\u2581b", "a  b"), ("\u2581\u2581a", " a"), ("", "")]
)
def test_unmark_spaces_drops_one_mark_at_the_start(unmark_spaces, mark_spaces, marked, text):
    """The first mark is the one that was put before the text; a text without it is left alone."""
    assert_equal(unmark_spaces(marked), text)
    assert_equal(unmark_spaces(" " + text), " " + text)
    assert_equal(mark_spaces(text) in (marked, "\u2581" + marked), True)


@pytest.mark.parametrize("text", ["\u2581", "a\u2581b"])
def test_mark_spaces_rejects_marks(mark_spaces, text):
    """A mark in the text would come back as a space."""
    assert_rejects(mark_spaces, text)


@given(text=st.text("ab<.", max_size=8), special_tokens=st.lists(st.text("ab<.", min_size=1, max_size=3), max_size=3))
def test_split_special_tokens_equals_alternation(split_special_tokens, text, special_tokens):
    """The parts are those of a search for any special token, the longest tried first at each place."""
    text, special_tokens = text + "ab<a", [*special_tokens, "ab", "ab<.", "b<a"]
    longest_first = sorted(special_tokens, key=len, reverse=True)
    parts = re.split("(" + "|".join(map(re.escape, longest_first)) + ")", text)
    assert_equal(split_special_tokens(text, special_tokens), tuple(part for part in parts if part))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a <mask> b", ("a ", "<mask>", " b")),
        ("<mask>", ("<mask>",)),
        ("<mask><mask>a", ("<mask>", "<mask>", "a")),
        ("<mask> <mask>\n", ("<mask>", " ", "<mask>", "\n")),
        ("", ()),
        ("a <mask", ("a <mask",)),
    ],
)
def test_split_special_tokens_finds_them_everywhere(split_special_tokens, text, parts):
    """A special token is one part wherever it stands: alone, at an end, beside a space or another."""
    assert_equal(split_special_tokens(text, ["<mask>", "<m>"]), parts)
    assert_equal(split_special_tokens(text + "<m>", ["<mask>", "<m>"]), (*parts, "<m>"))
    assert_equal(split_special_tokens("b" + text, []), ("b" + text,))


@pytest.mark.parametrize("special_tokens", [[""], ["<a>", ""]])
def test_split_special_tokens_rejects_empty_token(split_special_tokens, special_tokens):
    """An empty token would be found everywhere, without end."""
    assert_rejects(split_special_tokens, "ab", special_tokens)


@pytest.mark.parametrize(
    ("text", "num_tokens", "num_bytes", "num_characters", "num_words"),
    [
        ("\u7231 ab", 2, 6, 4, 2),
        ("a  b\nc", 4, 6, 6, 3),
        (" e\u0301", 5, 4, 3, 1),
        ("a-b\u3000c\U0001f600", 4, 11, 6, 2),
        ("", 1, 0, 0, 0),
    ],
)
def test_bytes_per_token_equals_quotient(
    bytes_per_token, characters_per_token, words_per_token, text, num_tokens, num_bytes, num_characters, num_words
):
    """Bytes, code points, and words between white space are each shared out among the tokens."""
    ids = [5] * num_tokens
    assert_close(bytes_per_token(text, ids), num_bytes / num_tokens)
    assert_close(characters_per_token(text, ids), num_characters / num_tokens)
    assert_close(words_per_token(text, ids), num_words / num_tokens)


@pytest.mark.parametrize("text", ["", "a b"])
def test_bytes_per_token_rejects_no_tokens(bytes_per_token, characters_per_token, words_per_token, text):
    """Nothing can be shared out among no tokens."""
    assert_rejects(bytes_per_token, text, [])
    assert_rejects(characters_per_token, text, [])
    assert_rejects(words_per_token, text, [])
