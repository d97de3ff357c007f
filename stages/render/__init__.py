"""Render: maps drawn on their images, for people to look at.

`data/overlays/<map>/`, one folder a map, one of each file an image of `data/maps/<map>.h5`:

    overlays.csv            one row an image, sorted by image_id:
                              image_id
                              file       the captioned picture, below this folder
                              base       the same picture without colours (naming: ancestor only; else empty)
                              heat       the colours alone, below this folder; empty where the map is empty
                              status     of the map: ok, or why it is empty
                              low, high  the values of the two ends of the colour bar (raw units of the map)
                              target     the class that the map explains
    scale.json              {"map", "method", "unit", "part": positive | absolute | signed,
                              "policy": what the strongest colour means, in words, "opacity",
                              "low", "high": the shared ends for scale: set, else null,
                              "colors": [32 "#rrggbbaa" from the low end to the high end]}
    <image_id>.png          the captioned picture: RGB; the image at its own aspect, longer side at most render.max_side
                              (small images enlarged by a whole factor), map, outline, colour bar and caption
    heat/<image_id>.png     RGBA at the stored image's aspect, longer side at most 256: the map's colours, their
                              alpha already scaled by render.opacity; stretched over the stored image it fits exactly;
                              no outline, no text
    (attention: mosaic)     of attention, the image times the tiles' weights instead of colours over it; the heat layer
                              is black, and clear where the weight is great; "colors" are what it makes of white
    (naming: ancestor)      <image_id>[p_first,p_second,...]_<map>.png and <image_id>[...]_base.png instead of
                              <image_id>.png: probabilities in the order of ingest.classes, two decimals

PNG bytes are the same on every run.
"""
