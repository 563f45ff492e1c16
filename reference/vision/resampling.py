"""Images of another size: the nearest pixel, and interpolation by linear and cubic kernels.

Pixels are cells, whose centres lie half a pixel inside the border; or they are points, and the corners of both images
are laid on one another ("aligned"). Pixels beyond the border are those of the border. Nothing is blurred before an
image shrinks (no antialiasing).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def nearest_resize(
    image: Float[Tensor, "*batch height width"], rows: int, columns: int
) -> Float[Tensor, "*batch rows columns"]:
    """Image whose pixels are those under the upper left corners of its cells.

        out[i, j] = image[floor(i H / rows), floor(j W / columns)]

    A whole factor repeats every pixel. Where the image shrinks, it moves by half a cell.

    Domain: rows, columns >= 1, and an image with pixels; else ValueError.
    Source: mode "nearest" of torch.nn.functional.interpolate; INTER_NEAREST of OpenCV.
    Differs: Pillow takes the pixel under the centre, as `nearest_centre_resize`. torch and OpenCV multiply by a rounded
    factor and may take the pixel before.
    Notes: R003-165.
    """
    _check(image, rows, columns)
    height, width = image.shape[-2:]
    i, j = torch.arange(rows, device=image.device), torch.arange(columns, device=image.device)
    return image[..., (i * height // rows)[:, None], j * width // columns]


def nearest_centre_resize(
    image: Float[Tensor, "*batch height width"], rows: int, columns: int
) -> Float[Tensor, "*batch rows columns"]:
    """Image whose pixels are those under the centres of its cells; of two at the same distance the later.

        out[i, j] = image[floor((i + 1/2) H / rows), floor((j + 1/2) W / columns)]

    Domain: as `nearest_resize`.
    Source: mode "nearest-exact" of torch.nn.functional.interpolate; NEAREST of Pillow.
    Differs: both multiply by a rounded factor, and where a centre lies between two pixels may take the other.
    Notes: R003-165.
    """
    _check(image, rows, columns)
    height, width = image.shape[-2:]
    i, j = torch.arange(rows, device=image.device), torch.arange(columns, device=image.device)
    return image[..., ((2 * i + 1) * height // (2 * rows))[:, None], (2 * j + 1) * width // (2 * columns)]


def bilinear_resize(
    image: Float[Tensor, "*batch height width"], rows: int, columns: int
) -> Float[Tensor, "*batch rows columns"]:
    """Image interpolated linearly along each axis between the centres of the two nearest pixels.

        y_i = (i + 1/2) H / rows - 1/2,   out_i = sum_u max(1 - |y_i - u|, 0) image_u

    Constants stay, and so do affine images inside, up to the outermost centres.

    Domain: as `nearest_resize`.
    Source: mode "bilinear" of torch.nn.functional.interpolate; INTER_LINEAR of OpenCV.
    Differs: align_corners=True is `aligned_bilinear_resize`; Pillow, and antialias=True, widen the kernel where the
    image shrinks.
    Notes: R003-165.
    """
    return _resized(image, rows, columns, _centres, 1, _linear_kernel)


def aligned_bilinear_resize(
    image: Float[Tensor, "*batch height width"], rows: int, columns: int
) -> Float[Tensor, "*batch rows columns"]:
    """Image interpolated linearly along each axis, whose corner pixels are those of the given one.

        y_i = i (H - 1) / (rows - 1),   out_i = sum_u max(1 - |y_i - u|, 0) image_u

    Affine images stay affine, up to the border.

    Domain: as `nearest_resize`; a single row or column is the first.
    Source: mode "bilinear" of torch.nn.functional.interpolate with align_corners=True.
    Differs: as `bilinear_resize`.
    Notes: R003-165.
    """
    return _resized(image, rows, columns, _corners, 1, _linear_kernel)


def cubic_kernel(distance: Float[Tensor, "*shape"], a: float) -> Float[Tensor, "*shape"]:
    """Weight of a pixel at the given distance in cubic convolution, whose slope at distance 1 is a.

        w(d) = (a + 2) |d|^3 - (a + 3) |d|^2 + 1           |d| <= 1
               a |d|^3 - 5 a |d|^2 + 8 a |d| - 4 a     1 < |d| < 2
               0                                       2 <= |d|

    The weights of the pixels around any place sum to 1, and their mean distance is 0 for a = -1/2 only.

    Domain: every real number.
    Source: Keys 1981, eq. 8 (there a = -1/2).
    Notes: R003-165.
    """
    d = distance.abs()
    near = ((a + 2) * d - (a + 3)) * d**2 + 1
    far = a * (d - 1) * (d - 2) ** 2
    return torch.where(d <= 1, near, torch.where(d < 2, far, 0.0))


def cubic_resize(
    image: Float[Tensor, "*batch height width"], rows: int, columns: int, a: float
) -> Float[Tensor, "*batch rows columns"]:
    """Image by cubic convolution of the four nearest pixels along each axis ("bicubic").

        y_i = (i + 1/2) H / rows - 1/2,   out_i = sum_u w(y_i - u) image_u,   w as `cubic_kernel`

    Constants stay; inside, affine images stay for a = -1/2 only, and quadratic ones too. Some weights are negative, so
    that the result overshoots.

    Domain: as `nearest_resize`.
    Source: Keys 1981, eq. 8; mode "bicubic" of torch.nn.functional.interpolate (a = -3/4).
    Differs: torch and OpenCV take a = -3/4, Keys and Pillow -1/2. Pillow, and antialias=True of torch (a = -1/2 too),
    widen w where the image shrinks.
    Notes: R003-165.
    """
    return _resized(image, rows, columns, _centres, 2, lambda distance: cubic_kernel(distance, a))


def aligned_cubic_resize(
    image: Float[Tensor, "*batch height width"], rows: int, columns: int, a: float
) -> Float[Tensor, "*batch rows columns"]:
    """Image by cubic convolution, whose corner pixels are those of the given one.

        y_i = i (H - 1) / (rows - 1),   out_i = sum_u w(y_i - u) image_u,   w as `cubic_kernel`

    Domain: as `aligned_bilinear_resize`.
    Source: Keys 1981, eq. 8; mode "bicubic" of torch.nn.functional.interpolate with align_corners=True (a = -3/4).
    Differs: as `cubic_resize`.
    Notes: R003-165.
    """
    return _resized(image, rows, columns, _corners, 2, lambda distance: cubic_kernel(distance, a))


Places = Callable[[Tensor, int, int], tuple[Tensor, int]]
Kernel = Callable[[Tensor], Tensor]


def _linear_kernel(distance: Tensor) -> Tensor:
    """Weight at a distance of at most 1."""
    return 1 - distance.abs()


def _centres(i: Tensor, size: int, side: int) -> tuple[Tensor, int]:
    """Places (i + 1/2) size / side - 1/2, as whole numerators over one denominator."""
    return (2 * i + 1) * size - side, 2 * side


def _corners(i: Tensor, size: int, side: int) -> tuple[Tensor, int]:
    """Places i (size - 1) / (side - 1), as whole numerators over one denominator."""
    return i * (size - 1), max(side - 1, 1)


def _resized(image: Tensor, rows: int, columns: int, places: Places, radius: int, kernel: Kernel) -> Tensor:
    _check(image, rows, columns)
    wide = _interpolated(image, columns, places, radius, kernel)
    return _interpolated(wide.mT, rows, places, radius, kernel).mT


def _interpolated(image: Tensor, side: int, places: Places, radius: int, kernel: Kernel) -> Tensor:
    """The last axis at the given places, from the 2 radius pixels around each."""
    size = image.shape[-1]
    numerator, denominator = places(torch.arange(side, device=image.device)[:, None], size, side)
    offset = torch.arange(1 - radius, radius + 1, device=image.device)
    weights = kernel((numerator % denominator).to(image.dtype) / denominator - offset)
    pixels = image[..., (numerator // denominator + offset).clamp(0, size - 1)]
    return (weights * pixels).sum(-1)


def _check(image: Tensor, rows: int, columns: int) -> None:
    if min(rows, columns, *image.shape[-2:]) < 1:
        raise ValueError(f"images need a pixel; got {tuple(image.shape[-2:])} and {rows} x {columns}")
