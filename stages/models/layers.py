"""lesionmap's own Keras layers. Those that are linear in their input, or pass it on, say so: attribution asks them."""

import keras
from keras import ops

CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red; of ImageNet, as the VGG authors published it


class CaffePreprocessing(keras.layers.Layer):
    """RGB in 0..255 -> BGR with ImageNet's mean subtracted: what VGG16, VGG19 and ResNet50 were trained on."""

    linear = True

    def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Images (n, h, w, 3) -> the same shape."""
        return images[..., ::-1] - ops.convert_to_tensor(CAFFE_MEAN, dtype=images.dtype)


class RoundTrip(keras.layers.Layer):
    """Cast to a number type and back, so that a whole model gives the numbers of features kept in that type."""

    linear = True

    def __init__(self, kept: str, **options: object) -> None:
        super().__init__(**options)
        self.kept = kept

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Features of any shape -> the same, rounded."""
        rounded = ops.cast(ops.cast(features, self.kept), features.dtype)
        return features + ops.stop_gradient(rounded - features)  # exactly `rounded`, and gradients pass unrounded

    def get_config(self) -> dict:
        return {**super().get_config(), "kept": self.kept}


class Standardize(keras.layers.Layer):
    """Subtract a mean and divide by a deviation, per channel; both are fitted before training, not trained."""

    linear = True

    def build(self, shape: tuple) -> None:
        for name, start in (("mean", "zeros"), ("deviation", "ones")):
            setattr(self, name, self.add_weight(name=name, shape=(shape[-1],), initializer=start, trainable=False))

    def call(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Features (..., c) -> the same shape."""
        return (features - self.mean) / self.deviation


class LogSumExpPooling2D(keras.layers.Layer):
    """log(mean(exp(r x))) / r over h and w: between the mean (small r) and the maximum (large r).

    Pinheiro and Collobert 2015, arXiv:1411.6228.
    """

    def __init__(self, r: float, **options: object) -> None:
        super().__init__(**options)
        self.r = r

    def call(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        """Scores (n, h, w, k) -> (n, k)."""
        scaled = scores * self.r
        cells = ops.cast(ops.shape(scores)[1] * ops.shape(scores)[2], scores.dtype)
        return (ops.logsumexp(scaled, axis=(1, 2)) - ops.log(cells)) / self.r

    def get_config(self) -> dict:
        return {**super().get_config(), "r": self.r}


class TopPooling2D(keras.layers.Layer):
    """The mean of the k largest values over h and w (Durand et al. 2017, CVPR, with positive evidence alone)."""

    def __init__(self, k: int, **options: object) -> None:
        super().__init__(**options)
        self.k = k

    def call(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        """Scores (n, h, w, c) -> (n, c)."""
        cells = ops.shape(scores)[1] * ops.shape(scores)[2]
        rows = ops.transpose(ops.reshape(scores, (-1, cells, scores.shape[-1])), (0, 2, 1))
        return ops.mean(ops.top_k(rows, k=min(self.k, cells))[0], axis=-1)

    def get_config(self) -> dict:
        return {**super().get_config(), "k": self.k}


PREPROCESSING = {"caffe": CaffePreprocessing}
