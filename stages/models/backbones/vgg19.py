"""VGG19 without its dense layers (Simonyan and Zisserman 2015, arXiv:1409.1556)."""

from stages.models.backbones.vgg import Vgg

NETWORK = Vgg("vgg19", ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512)))
