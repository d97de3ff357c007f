"""The polyp system's network: 3x3 convolutions, each with ReLU and 2x2 max-pooling; `widths` says how many.

The system put `head.kind: fc` behind it: 64 units, ReLU, dropout 0.5, one sigmoid. Its images had 300x300 pixels.
"""

from stages.models.backbones.plain import Plain

NETWORK = Plain(widths=(32, 32, 64), kernel=3, depths=(1, 8))
