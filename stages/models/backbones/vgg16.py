"""VGG16 without its dense layers (Simonyan and Zisserman 2015, arXiv:1409.1556)."""

from stages.models.backbones.vgg import Vgg

NETWORK = Vgg("vgg16", ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)))
