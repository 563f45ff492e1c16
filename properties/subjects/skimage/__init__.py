"""Judges scikit-image: skimage.transform, skimage.measure and skimage.util.

    nearest pixel, bilinear interpolation     transform.resize of order 0 and 1 with mode "edge", without antialiasing
    average of blocks                         transform.downscale_local_mean
    mean of all pixels                        measure.block_reduce with a block as large as the image
    windows of an image                       util.view_as_windows
    patches                                   util.view_as_blocks

The centre of a pixel is half a pixel from the border. Images of a batch are resized one by one, and views are copied.
Order 3 is a spline through all pixels, and no cubic convolution. block_reduce fills incomplete blocks with zeros, where
pooling leaves them out.
"""

import numpy as np
from skimage import measure, transform, util

PACKAGES = ("scikit-image",)
ARRAYS = "numpy"


# Resizing


def nearest_centre_resize(image, rows, columns):
    return _resized(image, rows, columns, 0)


def bilinear_resize(image, rows, columns):
    return _resized(image, rows, columns, 1)


def area_downsample(image, factor):
    blocks = (1,) * (image.ndim - 2) + (factor, factor)
    return transform.downscale_local_mean(image, blocks)


def _resized(image, rows, columns, order):
    options = {"order": order, "mode": "edge", "preserve_range": True, "anti_aliasing": False}
    pages = [transform.resize(page, (rows, columns), **options) for page in image.reshape(-1, *image.shape[-2:])]
    return np.array(pages, dtype=image.dtype).reshape(*image.shape[:-2], rows, columns)


# Windows


def global_average_pool(x):
    return measure.block_reduce(x, (1,) * (x.ndim - 2) + x.shape[-2:], np.mean)[..., 0, 0]


def image_windows(x, kernel_height, kernel_width, stride=1, dilation=1):
    if dilation != 1:
        raise NotImplementedError("scikit-image has no windows of pixels that lie apart")
    batch = (1,) * (x.ndim - 2)
    windows = util.view_as_windows(x, (*batch, kernel_height, kernel_width), (*batch, stride, stride))
    return windows.reshape(*windows.shape[: x.ndim], kernel_height, kernel_width).copy()


def patchify(images, patch_size):
    blocks = util.view_as_blocks(images, (*[1] * (images.ndim - 3), images.shape[-3], patch_size, patch_size))
    patches = blocks.shape[images.ndim - 2] * blocks.shape[images.ndim - 1]
    return blocks.reshape(*images.shape[:-3], patches, -1).copy()
