"""Wrong variants of `reference.diffusion.layout`."""

import itertools

import torch

from properties.mistakes import mistake, variant
from reference.diffusion.layout import (
    END,
    NUM_COORDINATES,
    PAD,
    SPECIALS,
    START,
    UNK,
    LayoutElement,
    corners_from_size,
    decode_layout,
    dequantize_coordinate,
    encode_layout,
    layout_vocabulary,
    mask_id,
    quantize_coordinate,
    token_id,
)


@mistake(of=layout_vocabulary, seen="catalogue R000-001")
def layout_vocabulary_in_alphabetical_order(categories):
    """categories are sorted by name, so that their ids are not those of the given order"""
    return layout_vocabulary(sorted(categories))


@mistake(of=layout_vocabulary, seen="catalogue R000-001")
def layout_vocabulary_with_mask(categories):
    """MASK is put into the vocabulary, between categories and coordinates"""
    layout_vocabulary(categories)
    names = [*SPECIALS, *categories, "MASK", *map(str, range(NUM_COORDINATES))]
    return {name: index for index, name in enumerate(names)}


@mistake(of=layout_vocabulary, seen="catalogue R000-001")
def layout_vocabulary_with_coordinates_first(categories):
    """coordinates come before the categories"""
    layout_vocabulary(categories)
    names = [*SPECIALS, *map(str, range(NUM_COORDINATES)), *categories]
    return {name: index for index, name in enumerate(names)}


@mistake(of=layout_vocabulary, seen="catalogue R000-001")
def layout_vocabulary_that_merges_equal_names(categories):
    """names that are given twice share an id in silence, and all that follow move up"""
    names = dict.fromkeys([*SPECIALS, *categories, *map(str, range(NUM_COORDINATES))])
    return {name: index for index, name in enumerate(names)}


@mistake(of=layout_vocabulary, seen="catalogue R000-001")
def layout_vocabulary_that_overwrites_equal_names(categories):
    """a name that is given twice gets its later id, and the earlier one belongs to nothing"""
    names = [*SPECIALS, *categories, *map(str, range(NUM_COORDINATES))]
    return {name: index for index, name in enumerate(names)}


@mistake(of=mask_id, seen="catalogue R000-001")
def mask_id_of_last_coordinate(num_categories):
    """MASK is counted among the 138 tokens and so is the id of coordinate 127"""
    return mask_id(num_categories) - 1


@mistake(of=mask_id, seen="catalogue R000-001")
def mask_id_of_publaynet(num_categories):
    """MASK is 138 for any number of categories"""
    mask_id(num_categories)
    return 138


@mistake(of=mask_id, seen="huggingface/transformers#3108")
def mask_id_after_a_gap(num_categories):
    """MASK is the number of classes instead of the last of them"""
    return mask_id(num_categories) + 1


@mistake(of=mask_id, seen="catalogue R000-001")
def mask_id_without_check(num_categories):
    """a layout without categories gets a MASK all the same"""
    return 5 + num_categories + NUM_COORDINATES


@mistake(of=token_id, seen="catalogue R000-001")
def token_id_that_reads_numbers_as_ids(vocabulary, token):
    """a coordinate is taken for an id: "10" is 10, which is coordinate 0"""
    return int(token) if token in vocabulary and token.isdigit() else vocabulary.get(token, UNK)


@mistake(of=token_id, seen="microsoft/LayoutGeneration, RICO_nosep")
def token_id_without_unknown(vocabulary, token):
    """an unknown token has no id, not even that of UNK"""
    return vocabulary[token]


@mistake(of=token_id, seen="catalogue R000-001")
def token_id_that_pads_unknown(vocabulary, token):
    """an unknown token becomes PAD instead of UNK"""
    return vocabulary.get(token, PAD)


@mistake(of=token_id, seen="catalogue R000-001")
def token_id_that_strips_blanks(vocabulary, token):
    """a token with blanks around it counts as known"""
    return vocabulary.get(token.strip(), UNK)


@mistake(of=token_id, seen="catalogue R000-001")
def token_id_that_pads_nothing(vocabulary, token):
    """an empty token becomes PAD instead of UNK"""
    return vocabulary.get(token, UNK) if token else PAD


@mistake(of=token_id, seen="catalogue R000-001")
def token_id_that_ignores_case(vocabulary, token):
    """a token that differs by upper and lower case counts as known"""
    folded = {name.lower(): index for name, index in vocabulary.items()}
    return vocabulary.get(token, folded.get(token.lower(), UNK))


@mistake(of=token_id, seen="catalogue R000-001")
def token_id_in_any_case(vocabulary, token):
    """an unknown token is looked up in lower case before it is called unknown"""
    return vocabulary.get(token, vocabulary.get(token.lower(), UNK))


@mistake(of=quantize_coordinate, seen="catalogue R000-003")
def quantize_coordinate_rounded_down(x):
    """the coordinate is rounded down instead of to the nearest grid point"""
    return torch.floor(127 * x).long()


@mistake(of=quantize_coordinate, seen="catalogue R000-003")
def quantize_coordinate_in_bins(x):
    """the page is cut into 128 bins, which do not fit a grid of q / 127, and 1 is cut to the last bin"""
    return torch.floor(128 * x).clamp(max=127).long()


@mistake(of=quantize_coordinate, seen="catalogue R000-003")
def quantize_coordinate_without_last_bin(x):
    """the page is cut into 128 bins, and 1 falls into a 129th"""
    return torch.floor(128 * x).long()


@mistake(of=quantize_coordinate, seen="catalogue R000-003")
def quantize_coordinate_with_halves_down(x):
    """a half is rounded down, so that the middle of the page is 63"""
    return torch.ceil(127 * x - 0.5).long()


@variant(of=quantize_coordinate, seen="catalogue R000-003")
def quantize_coordinate_with_halves_up(x):
    """127 x is a half only at x = 1/2, where up is even"""
    return torch.floor(127 * x + 0.5).long()


@mistake(of=dequantize_coordinate, seen="catalogue R000-003")
def dequantize_coordinate_over_128(index):
    """the index is divided by 128, so that a box never reaches the end of the page"""
    return index.double() / 128


@mistake(of=dequantize_coordinate, seen="catalogue R000-003")
def dequantize_coordinate_at_bin_centre(index):
    """the index gives the centre of one of 128 bins instead of a grid point"""
    return (index.double() + 0.5) / 128


@mistake(of=corners_from_size, seen="catalogue R000-002")
def corners_from_size_that_keeps_size(boxes):
    """width and height stay where right and bottom belong"""
    return boxes.clamp(0, 1)


@mistake(of=corners_from_size, seen="facebookresearch/segment-anything#213")
def corners_from_size_around_centre(boxes):
    """left and top are taken for the centre of the box"""
    position, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([position - size / 2, position + size / 2], -1).clamp(0, 1)


@mistake(of=corners_from_size, seen="ultralytics/JSON2YOLO#23")
def corners_from_size_clipped_before_sum(boxes):
    """position and size are clipped instead of the corners, so that a box that starts left of the page grows"""
    return corners_from_size(boxes.clamp(0, 1))


@mistake(of=corners_from_size, seen="catalogue R000-002")
def corners_from_size_along_the_third_axis(boxes):
    """positions and sizes are joined along axis 2, which is the last one only for a batch of layouts"""
    return torch.cat([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], 2).clamp(0, 1)


@mistake(of=corners_from_size, seen="catalogue R000-002")
def corners_from_size_without_clipping(boxes):
    """corners may lie off the page"""
    return torch.cat([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], -1)


@mistake(of=corners_from_size, seen="catalogue R000-002")
def corners_from_size_with_swapped_axes(boxes):
    """width is added to top and height to left"""
    return corners_from_size(boxes[..., [0, 1, 3, 2]])


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_with_sizes(elements, categories, length=121):
    """an element is spelt as left, top, width, height"""
    tokens = list(encode_layout(elements, categories, length))
    for start in range(1, 6 * len(elements), 6):
        tokens[start + 3] += 5 + len(categories) - tokens[start + 1]
        tokens[start + 4] += 5 + len(categories) - tokens[start + 2]
    return tuple(tokens)


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_with_trailing_separator(elements, categories, length=121):
    """the last element is followed by "|" too"""
    tokens = encode_layout(elements, categories, length)
    return (*tokens[: 6 * len(elements)], 4, *tokens[6 * len(elements) :])[:length]


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_that_drops_elements(elements, categories, length=121):
    """elements that do not fit are left out in silence"""
    return encode_layout(elements[: (length - 1) // 6], categories, length)


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_of_twenty(elements, categories, length=121):
    """elements after the twentieth are dropped in silence, even where there is room"""
    return encode_layout(elements[:20], categories, length)


@mistake(of=encode_layout, seen="catalogue R000-004")
def encode_layout_that_cuts(elements, categories, length=121):
    """what does not fit is cut, END included"""
    return encode_layout(elements, categories, max(length, 6 * len(elements) + 1))[:length]


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_of_nothing(elements, categories, length=121):
    """a layout without elements becomes START END"""
    return encode_layout(elements, categories, length) if elements else (START, END, *[PAD] * (length - 2))


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_that_sorts(elements, categories, length=121):
    """elements are sorted by category, as in the corpora, so that their order is lost"""
    return encode_layout(sorted(elements, key=lambda element: element.category), categories, length)


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_with_swapped_axes(elements, categories, length=121):
    """corners are spelt top first"""
    swapped = [LayoutElement(name, top, left, bottom, right) for name, left, top, right, bottom in elements]
    return encode_layout(swapped, categories, length)


@mistake(of=encode_layout, seen="microsoft/LayoutGeneration, `layout2seq_publay.ipynb`")
def encode_layout_that_rounds_down(elements, categories, length=121):
    """coordinates are rounded down instead of to the nearest grid point"""
    moved = [
        LayoutElement(name, *(min(int(127 * x + 1e-9), 127) / 127 for x in corners)) for name, *corners in elements
    ]
    encode_layout(elements, categories, length)
    return encode_layout(moved, categories, length)


@mistake(of=encode_layout, seen="catalogue R000-004")
def encode_layout_padded_with_start(elements, categories, length=121):
    """padding is 0, which is START"""
    return tuple(START if token == PAD else token for token in encode_layout(elements, categories, length))


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_with_padding_before_end(elements, categories, length=121):
    """END stands at the end of the padding instead of before it"""
    tokens = encode_layout(elements, categories, length)
    return (*(token for token in tokens if token != END), END)


@mistake(of=encode_layout, seen="catalogue R000-001")
def encode_layout_with_ids_of_publaynet(elements, categories, length=121):
    """coordinates begin at id 10 whatever the number of categories"""
    first = 5 + len(categories)
    return tuple(
        token + 10 - first if token >= first else token for token in encode_layout(elements, categories, length)
    )


@mistake(of=encode_layout, seen="microsoft/LayoutGeneration, `text_datasets.py`")
def encode_layout_with_unknown_categories(elements, categories, length=121):
    """a category that is not in the vocabulary becomes UNK"""
    known = [element._replace(category=categories[0]) for element in elements]
    tokens = list(encode_layout(known, categories, length))
    tokens[1 : 6 * len(elements) : 6] = [
        layout_vocabulary(categories).get(element.category, UNK) for element in elements
    ]
    return tuple(tokens)


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_that_clips(elements, categories, length=121):
    """corners off the page are moved onto it in silence"""
    clipped = [LayoutElement(name, *(min(max(x, 0.0), 1.0) for x in corners)) for name, *corners in elements]
    return encode_layout(clipped, categories, length)


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_that_reorders_corners(elements, categories, length=121):
    """corners in the wrong order are exchanged in silence"""
    sorted_corners = [
        LayoutElement(name, *map(min, (left, top), (right, bottom)), *map(max, (left, top), (right, bottom)))
        for name, left, top, right, bottom in elements
    ]
    return encode_layout(sorted_corners, categories, length)


@mistake(of=encode_layout, seen="catalogue R000-002")
def encode_layout_that_checks_indices(elements, categories, length=121):
    """corners are checked after rounding, so that those a little off the page or in the wrong order pass"""
    rounded = [LayoutElement(name, *(round(127 * x) / 127 for x in corners)) for name, *corners in elements]
    return encode_layout(rounded, categories, length)


def _groups(tokens):
    """The tokens between START and END, split at "|"."""
    body = tokens[1 : tokens.index(END)] if END in tokens else tokens[1:]
    return [list(group) for is_joint, group in itertools.groupby(body, lambda token: token == 4) if not is_joint]


def _element(group, categories):
    """The element of five tokens."""
    corners = [(token - 5 - len(categories)) / 127 for token in group[1:]]
    return LayoutElement(categories[group[0] - 5], *corners)


def _well_spelt(group, categories):
    """Whether a group is a category and four coordinates."""
    first = 5 + len(categories)
    return len(group) == 5 and 5 <= group[0] < first and all(first <= token < first + 128 for token in group[1:])


@mistake(of=decode_layout, seen="microsoft/LayoutGeneration, `seq2layout_steps.py`")
def decode_layout_that_drops_elements(tokens, categories):
    """elements that are not spelt right are left out in silence"""
    return tuple(_element(group, categories) for group in _groups(tokens) if _well_spelt(group, categories))


@mistake(of=decode_layout, seen="catalogue R000-002")
def decode_layout_that_stops_at_end(tokens, categories):
    """what follows END is not looked at"""
    tokens = tuple(tokens)
    return decode_layout(tokens[: tokens.index(END) + 1] if END in tokens else tokens, categories)


@mistake(of=decode_layout, seen="catalogue R000-004")
def decode_layout_without_end(tokens, categories):
    """a sequence that lost its END is read as if it had one"""
    tokens = tuple(token for token in tokens if token != PAD)
    return decode_layout(tokens if END in tokens else (*tokens, END), categories)


@mistake(of=decode_layout, seen="catalogue R000-002")
def decode_layout_that_skips_padding(tokens, categories):
    """PAD is skipped wherever it stands"""
    return decode_layout([token for token in tokens if token != PAD], categories)


@mistake(of=decode_layout, seen="catalogue R000-002")
def decode_layout_with_trailing_separator(tokens, categories):
    """a "|" between the last element and END is read over"""
    tokens = tuple(tokens)
    end = tokens.index(END) if END in tokens else 0
    return decode_layout(tokens[: end - 1] + tokens[end:] if end and tokens[end - 1] == 4 else tokens, categories)


@mistake(of=decode_layout, seen="catalogue R000-002")
def decode_layout_that_merges_equal_elements(tokens, categories):
    """an element that occurs twice is returned once"""
    return tuple(dict.fromkeys(decode_layout(tokens, categories)))


@mistake(of=decode_layout, seen="catalogue R000-002")
def decode_layout_with_corners_in_any_order(tokens, categories):
    """a box whose right lies left of its left is returned as it is"""
    tokens = list(tokens)
    for start in range(1, len(tokens) - 4, 6):
        if tokens[start] == PAD:
            break
        for low, high in ((1, 3), (2, 4)):
            pair = tokens[start + low], tokens[start + high]
            tokens[start + low], tokens[start + high] = min(pair), max(pair)
    return decode_layout(tokens, categories)


@mistake(of=decode_layout, seen="microsoft/LayoutGeneration, `seq2layout_steps.py` on ltrb corpora")
def decode_layout_of_sizes(tokens, categories):
    """the last two numbers of an element are read as width and height"""
    return tuple(
        element._replace(right=element.left + element.right, bottom=element.top + element.bottom)
        for element in decode_layout(tokens, categories)
    )


@mistake(of=decode_layout, seen="catalogue R000-003")
def decode_layout_over_128(tokens, categories):
    """indices are divided by 128"""
    return tuple(
        LayoutElement(name, *(x * 127 / 128 for x in corners)) for name, *corners in decode_layout(tokens, categories)
    )


@mistake(of=decode_layout, seen="catalogue R000-002")
def decode_layout_reversed(tokens, categories):
    """the last element comes first"""
    return decode_layout(tokens, categories)[::-1]


@mistake(of=decode_layout, seen="catalogue R000-001")
def decode_layout_with_ids_of_publaynet(tokens, categories):
    """coordinates are taken to begin at id 10 whatever the number of categories"""
    off = len(categories) - 5
    return tuple(
        LayoutElement(name, *(x + off / 127 for x in corners)) for name, *corners in decode_layout(tokens, categories)
    )


@mistake(of=decode_layout, seen="catalogue R000-001")
def decode_layout_that_reads_mask(tokens, categories):
    """MASK is read as coordinate 127, whose id it shares when it is not given one of its own"""
    mask = mask_id(len(categories))
    return decode_layout([mask - 1 if token == mask else token for token in tokens], categories)
