"""Layouts as token sequences: the vocabulary of LayoutDiffusion, and the codec between boxes and tokens.

A layout is START, then for each element its category, left, top, right and bottom, joined by "|", then END and PAD.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

# Special tokens, their ids, and the resolution of coordinates: arXiv:2303.11589, code (`text_datasets.py`).
SPECIALS = ("START", "END", "UNK", "PAD", "|")
START, END, UNK, PAD, SEPARATOR = range(5)
NUM_COORDINATES = 128


class LayoutElement(NamedTuple):
    """A box with its category; the page is [0, 1] x [0, 1], with the origin at its left top."""

    category: str
    left: float
    top: float
    right: float
    bottom: float


def layout_vocabulary(categories: Sequence[str]) -> dict[str, int]:
    """The id of every token: 5 specials, C categories in the given order, 128 coordinates.

        START, END, UNK, PAD, "|" = 0..4,   category i = 5 + i,   coordinate c = 5 + C + c

        >>> vocabulary = layout_vocabulary(["figure", "text", "title", "table", "list"])
        >>> vocabulary["table"], vocabulary["0"], vocabulary["127"], len(vocabulary)
        (8, 10, 137, 138)

    Domain: at least one category, all distinct, none a special and none a number; else ValueError.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`text_datasets.py`).
    Differs: that code orders categories as they first occur in the training text and drops those that occur up to ten
    times, so that ids depend on the data.
    Notes: R000-001.
    """
    names = [*SPECIALS, *categories]
    if not categories or len(set(names)) < len(names) or any(name.isdigit() for name in categories):
        raise ValueError(f"categories must be distinct names, no numbers and none of {SPECIALS}; got {categories}")
    names += [str(coordinate) for coordinate in range(NUM_COORDINATES)]
    return {name: index for index, name in enumerate(names)}


def mask_id(num_categories: int) -> int:
    """The id of MASK, the absorbing state: the first after the vocabulary, which does not hold it.

        MASK = 5 + C + 128,   with MASK there are K = C + 134 classes

    Domain: num_categories >= 1; else ValueError.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`discrete_diffusion.py`).
    Notes: R000-001.
    """
    if num_categories < 1:
        raise ValueError(f"a layout has at least one category; got {num_categories}")
    return len(SPECIALS) + num_categories + NUM_COORDINATES


def token_id(vocabulary: Mapping[str, int], token: str) -> int:
    """The id of a token, that of UNK for an unknown one.

    Domain: every string. Coordinates are written without leading zeros.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`text_datasets.py`).
    Notes: R000-001.
    """
    return vocabulary.get(token, UNK)


def quantize_coordinate(x: Float[Tensor, "*shape"]) -> Int64[Tensor, "*shape"]:
    """The nearest of 128 grid points.

        q = round(127 x),   halves to even; the only binary fraction on a half is x = 1/2, with q = 64

    Domain: x in [0, 1], 1 included: 127. Not checked; clip before.
    Source: textbook.
    Differs: the corpora of arXiv:2303.11589 were made with floor(127 x), up to 1/127 off instead of 1/254.
    Notes: R000-003.
    """
    return torch.round((NUM_COORDINATES - 1) * x).to(torch.int64)


def dequantize_coordinate(index: Int64[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The grid point of an index, in float64.

        x = q / 127

    Domain: index in 0..127.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`seq2layout_steps.py`).
    Notes: R000-003.
    """
    return index.to(torch.float64) / (NUM_COORDINATES - 1)


def corners_from_size(boxes: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 4"]:
    """Left, top, right and bottom of boxes given by left, top, width and height, clipped to the page.

        right = left + width,   bottom = top + height,   then all four to [0, 1]

    Domain: width, height >= 0; else the corners are in the wrong order.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`layout2seq_publay.ipynb`).
    Notes: R000-002.
    """
    position, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([position, position + size], dim=-1).clamp(0, 1)


def encode_layout(elements: Sequence[LayoutElement], categories: Sequence[str], length: int = 121) -> tuple[int, ...]:
    """The token ids of a layout, padded to a length; the order of the elements is kept.

        START (category left top right bottom) | (category left top right bottom) ... END PAD ... PAD

    n elements take 6 n + 1 tokens before PAD.

        >>> encode_layout([LayoutElement("text", 0.0, 0.25, 0.5, 1.0)], ["title", "text"], length=9)
        (0, 6, 7, 39, 71, 134, 1, 3, 3)

    Domain: 1 <= n <= (length - 1) / 6; known categories; 0 <= left <= right <= 1, 0 <= top <= bottom <= 1; else
    ValueError. The default length holds 20 elements.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`layout2seq_publay.ipynb`).
    Differs: its loader (`_collate_batch_helper`) cuts what does not fit, END included.
    Notes: R000-002.
    """
    vocabulary, needed = layout_vocabulary(categories), 6 * len(elements) + 1
    if not elements or needed > length:
        raise ValueError(f"one element or more must fit {length} tokens; got {len(elements)}, which take {needed}")
    tokens: list[int] = []
    for element in elements:
        category, left, top, right, bottom = element
        if category not in categories:
            raise ValueError(f"the category must be one of {categories}; got {element}")
        if not (0 <= left <= right <= 1 and 0 <= top <= bottom <= 1):
            raise ValueError(f"corners must lie on the page, left before right and top before bottom; got {element}")
        corners = quantize_coordinate(torch.tensor([left, top, right, bottom], dtype=torch.float64)).tolist()
        words = [SPECIALS[SEPARATOR if tokens else START], category, *map(str, corners)]
        tokens += [token_id(vocabulary, word) for word in words]
    return *tokens, END, *[PAD] * (length - len(tokens) - 1)


def decode_layout(tokens: Sequence[int], categories: Sequence[str]) -> tuple[LayoutElement, ...]:
    """The elements that a sequence of token ids spells, with corners on the grid q / 127.

        >>> decode_layout((0, 6, 7, 7, 134, 134, 1, 3, 3), ["title", "text"])
        (LayoutElement(category='text', left=0.0, top=0.0, right=1.0, bottom=1.0),)

    Domain: sequences that `encode_layout` returns, of any length; for all others ValueError, which names the first
    position that is wrong.
    Source: Zhang et al. 2023 (LayoutDiffusion), arXiv:2303.11589, code (`seq2layout_steps.py`).
    Differs: that code looks for the last START and END, and drops elements that are not spelt right.
    Notes: R000-002.
    """
    end, first_coordinate = _end_of_layout(tokens, categories), layout_vocabulary(categories)["0"]
    elements = []
    for start in range(1, end, 6):
        category, *corners = tokens[start : start + 5]
        left, top, right, bottom = dequantize_coordinate(torch.tensor(corners) - first_coordinate).tolist()
        element = LayoutElement(categories[category - len(SPECIALS)], left, top, right, bottom)
        if left > right or top > bottom:
            raise ValueError(f"the corners of the element at position {start} are in the wrong order; got {element}")
        elements.append(element)
    return tuple(elements)


def _end_of_layout(tokens: Sequence[int], categories: Sequence[str]) -> int:
    """The position of END, once every token is known to be of the class that belongs there."""
    first_coordinate, mask = layout_vocabulary(categories)["0"], mask_id(len(categories))
    joint = ("| or END", (SEPARATOR, END))
    category = ("a category", range(len(SPECIALS), first_coordinate))
    coordinate = ("a coordinate", range(first_coordinate, mask))
    slots = (joint, category, coordinate, coordinate, coordinate, coordinate)
    end = 0
    for position, token in enumerate(tokens):
        slot = ("PAD", (PAD,)) if end else slots[position % 6]
        name, allowed = slot if position else ("START", (START,))
        if token not in allowed:
            raise ValueError(f"position {position} must hold {name}; got {token}")
        end = position if token == END else end
    if not end:
        raise ValueError(f"position {len(tokens)} must hold a token, since END is still to come; got {tokens}")
    return end
