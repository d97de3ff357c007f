"""The network of attention-based multiple-instance learning (Ilse et al. 2018, arXiv:1802.04712), for tiles of 28x28.

Two 5x5 convolutions, each with ReLU and 2x2 max-pooling. The dense layer of 500 after them is that of `head.attention`.
"""

from stages.models.backbones.plain import Plain

NETWORK = Plain(widths=(20, 50), kernel=5, depths=(2, 2))
