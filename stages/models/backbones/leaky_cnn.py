"""The network that the breast histology system compared with: five 3x3 convolutions with leaky ReLU.

The system put `head.kind: fc` behind it: 1024 units, dropout 0.5. Its source does not say after which convolutions the
poolings stand; here they leave one cell of a tile of 28x28.
"""

from stages.models.backbones.plain import Plain

POOLED = (False, True, False, True, True)
NETWORK = Plain(widths=(64, 64, 128, 128, 128), kernel=3, depths=(5, 5), slope=0.01, pooled=POOLED)
