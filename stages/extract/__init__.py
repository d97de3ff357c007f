"""Stage `extract`: what the frozen part of the backbone says of each image, once and for all.

Writes data/features.h5: `image_id` (n), `features` (n, h, w, c) float16 or float32, or the decoded pixels (n, h, w, 3)
uint8 where the cut is the input; chunked by image. Its attributes say what made them. Features come from the
content-keyed store; only those that it lacks are computed.
`python -m stages.extract --prune [DAYS]` removes from the store what was not used for so many days (default 90).
"""
