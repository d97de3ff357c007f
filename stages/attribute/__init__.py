"""Stage `attribute`: where in the image a logit comes from. `python -m stages.attribute NAME` makes one map.

Writes data/maps/<name>.h5, one row an image, sorted by image_id:
`image_id` (n), `maps` (n, h, w) float32 raw signed values on the input grid, `target` (n) the class explained, `delta`
(n) logit minus the reference's logit and `completeness_error` (n) sum of the map minus delta, both only where the
method promises completeness, `status` (n): ok, or why the map is empty (constant, all_negative, not_finite).
Attributes: `method`, `settings` (JSON), `part` (positive or absolute: what is measured and drawn), `unit`,
`description`.
"""
