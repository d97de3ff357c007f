"""The section `render` of params.yaml."""

from typing import Literal

from pydantic import Field

from stages.common.schema import Section


class Settings(Section):
    """How maps are drawn on images."""

    scale: Literal["image", "set", "percentile"] = "percentile"
    """What the strongest colour means: the map's own maximum, the maximum over all images of this map (so that images
    compare), or a percentile of the map's own values (so that a few extreme pixels do not hide the rest)."""

    percentile: float = Field(99.5, gt=50.0, le=100.0)
    """The percentile of `scale: percentile`."""

    signed: bool = False
    """Draw negative values too, in diverging colours. False: draw the part of the map that is measured."""

    colors: Literal["inferno", "magma", "plasma", "viridis", "cividis"] = "inferno"
    """Perceptually uniform colours of a map without negative values."""

    signed_colors: Literal["coolwarm", "RdBu_r", "PuOr_r"] = "coolwarm"
    """Diverging colours of a signed map; the middle is zero."""

    opacity: float = Field(0.6, ge=0.0, le=1.0)
    """Opacity of the strongest value; weaker ones are clearer in proportion, so that the anatomy stays visible."""

    outline_color: str = Field("#00e5ff", pattern="^#[0-9a-fA-F]{6}$")
    """Colour of the regions' outline, as #rrggbb."""

    max_side: int = Field(768, ge=64, le=4096)
    """Longer side of the drawn image in pixels; images below 480 pixels are drawn at a whole multiple of their size."""

    attention: Literal["overlay", "mosaic"] = "overlay"
    """How attention over tiles is drawn: in colours like any other map, or as the mosaic of the method's authors (Ilse
    et al. 2018, figure 5): each tile times its weight, rescaled so that the least of a bag is black and the greatest is
    left as it is. The other settings of colour and opacity do not touch the mosaic."""

    naming: Literal["plain", "ancestor"] = "plain"
    """File names: `<image>.png`, or the ancestor's `<image>[p_normal,p_abnormal]_<map>.png` beside `..._base.png`."""
