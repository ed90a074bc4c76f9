//! Convolutions: along vectors, and of images. Windows are views, so what is convolved is never copied for a
//! vector, and once for an image.

use crate::array::Array;
use crate::array::args::{ToShape, extents};
use crate::array::build::reshaped;
use crate::array::contract::{factors, sum_of_products};
use crate::array::elementwise::try_where_;
use crate::array::fallible::{fallible, within};
use crate::base::{DType, Error, ErrorKind, Result, Shape};

/// Which places of one vector beside another a convolution has results for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Overlap {
    /// All at which they overlap: m + n - 1.
    #[default]
    Full,
    /// As many as the longer vector has elements, those in the middle.
    Same,
    /// Those at which the shorter lies within the longer.
    Valid,
}

fallible! {
    /// The convolution of two vectors: element k is the sum of `self[i] * other[k - i]`.
    ///
    /// # Shapes
    /// `[m], [n] -> [m + n - 1]` for [`Overlap::Full`].
    ///
    /// # Source
    /// `numpy.convolve`; each element is a sum, in the order of [`sum`](Array::sum).
    ///
    /// # Examples
    /// ```
    /// use broadloom::Overlap;
    /// use broadloom::prelude::*;
    ///
    /// let (x, smooth) = (array![0.0, 4.0, 0.0, 0.0], array![0.25, 0.5, 0.25]);
    /// assert_eq!(x.convolve(&smooth, Overlap::Same).to_vec::<f64>()?, [1.0, 2.0, 1.0, 0.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn convolve(&self, other: &Array, overlap: Overlap) {
        let (longer, shorter) = if self.size() >= other.size() { (self, other) } else { (other, self) };
        slide("convolve", longer, shorter, true, overlap)
    }

    /// The correlation of two vectors: element k is the sum of `self[i + k] * other[i]`, k from below zero on as
    /// `overlap` says; of complex numbers with the conjugates of `other`.
    ///
    /// # Source
    /// `numpy.correlate`, whose default is [`Overlap::Valid`].
    pub fn correlate(&self, other: &Array, overlap: Overlap) {
        let other = other.try_conj()?;
        if self.size() >= other.size() {
            return slide("correlate", self, &other, false, overlap);
        }
        // Backwards, the shorter slides along the longer.
        let result = slide("correlate", &other, self, false, overlap)?;
        result.try_flip(..)
    }

    /// The correlation of images with kernels, as neural networks have it: an element of the result is the sum,
    /// over channels and places of the kernel, of image times kernel.
    ///
    /// `stride` is how far the kernel moves at a time, `padding` how many zeros there are on every side, both
    /// down and across.
    ///
    /// # Shapes
    /// `[n, c, h, w], [o, c, p, q] -> [n, o, (h + 2 padding - p) / stride + 1, (w + 2 padding - q) / stride + 1]`.
    ///
    /// # Source
    /// `torch.nn.functional.conv2d`. It is a matrix product, with its order of sums, of the kernels and the
    /// windows of each image; elementwise work that follows is part of the product's loops.
    ///
    /// # Examples
    /// ```
    /// # use broadloom::prelude::*;
    /// let (images, kernels) = (Array::ones([1, 3, 5, 5], F32), Array::ones([8, 3, 3, 3], F32));
    /// let y = images.conv2d(&kernels, [1, 1], [1, 1]).relu();
    /// assert_eq!(y.shape(), [1, 8, 5, 5]);
    /// assert_eq!(y.slice(s![0, 0, 0]).to_vec::<f32>()?, [12.0, 18.0, 18.0, 18.0, 12.0]);
    /// # Ok::<(), broadloom::Error>(())
    /// ```
    pub fn conv2d(&self, kernels: &Array, stride: impl ToShape, padding: impl ToShape) {
        let (stride, padding) = (extents("conv2d", stride)?, extents("conv2d", padding)?);
        conv2d(self, kernels, (&stride, &padding))
    }
}

/// The sums of products of `shorter`, perhaps backwards, with the windows of `longer`.
#[track_caller]
fn slide(op: &str, longer: &Array, shorter: &Array, backwards: bool, overlap: Overlap) -> Result<Array> {
    let wrong = |why: &str| {
        Error::new(ErrorKind::Shape, format!("{op}: {} and {}: {why}", longer.ty(), shorter.ty()))
    };
    if longer.ndim() != 1 || shorter.ndim() != 1 {
        return Err(wrong("both are vectors"));
    }
    let n = shorter.size();
    if n == 0 {
        return Err(wrong("none is empty"));
    }
    let dtype = factors(op, longer, shorter)?;
    let (longer, shorter) = (within(op, longer.try_astype(dtype))?, within(op, shorter.try_astype(dtype))?);
    let (before, after) = match overlap {
        Overlap::Full => (n - 1, n - 1),
        // Where there is no middle, one more at the front.
        Overlap::Same => (n / 2, n - 1 - n / 2),
        Overlap::Valid => (0, 0),
    };
    let around = (before as i64, after as i64);
    let windows = |x: &Array| within(op, within(op, x.try_pad(around, false))?.try_sliding_window_view(n, 0));
    let mut kernel = if backwards { within(op, shorter.try_flip(..))? } else { shorter };
    if overlap != Overlap::Valid && !dtype.is_int() {
        // Beside the ends there is nothing, which infinities and NaN would make NaN of.
        let there = windows(&Array::try_ones(longer.size(), DType::Bool)?)?;
        kernel = within(op, try_where_(there, &kernel, 0))?;
    }
    within(op, sum_of_products(&windows(&longer)?, &kernel, 1))
}

#[track_caller]
fn conv2d(images: &Array, kernels: &Array, (stride, padding): (&Shape, &Shape)) -> Result<Array> {
    let wrong = |kind: ErrorKind, why: String| {
        Error::new(kind, format!("conv2d: {} with kernels {}: {why}", images.ty(), kernels.ty()))
    };
    let (&[n, c, h, w], &[o, kernel_c, p, q]) = (images.shape(), kernels.shape()) else {
        return Err(wrong(ErrorKind::Shape, "both have four axes".into()));
    };
    if c != kernel_c {
        return Err(wrong(ErrorKind::Shape, format!("{c} channels and {kernel_c}")));
    }
    let (&[down, across], &[above, left]) = (&stride[..], &padding[..]) else {
        let why = format!("stride {stride} and padding {padding}: each is two numbers");
        return Err(wrong(ErrorKind::Shape, why));
    };
    if down == 0 || across == 0 {
        return Err(wrong(ErrorKind::Value, "the stride is 0".into()));
    }
    let dtype = factors("conv2d", images, kernels)?;
    let fits = |extent: usize, around: usize, size: usize| {
        around
            .checked_mul(2)
            .and_then(|both| both.checked_add(extent))
            .is_some_and(|all| size <= all && size > 0)
    };
    if !fits(h, above, p) || !fits(w, left, q) {
        return Err(wrong(ErrorKind::Shape, format!("a kernel of {p} x {q} does not fit padding {padding}")));
    }
    let (images, kernels) =
        (within("conv2d", images.try_astype(dtype))?, within("conv2d", kernels.try_astype(dtype))?);
    let around = [0, 0, above as i64, left as i64].map(|width| (width, width));
    let padded = within("conv2d", images.try_pad(around, 0))?;
    // [n, c, rows, columns, p, q], then [n, c p q, rows columns].
    let windows =
        within("conv2d", within("conv2d", padded.try_unfold(2, p, down))?.try_unfold(3, q, across))?;
    let (rows, columns) = (windows.shape()[2], windows.shape()[3]);
    let windows = within("conv2d", windows.try_permute_dims([0, 1, 4, 5, 2, 3]))?;
    let windows = reshaped(&windows, Shape::new([n, c * p * q, rows * columns]));
    let kernels = reshaped(&kernels, Shape::new([1, o, c * p * q]));
    let product = within("conv2d", kernels.try_matmul(&windows))?;
    Ok(reshaped(&product, Shape::new([n, o, rows, columns])))
}
