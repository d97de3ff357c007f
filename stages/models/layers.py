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


PREPROCESSING = {"caffe": CaffePreprocessing}
