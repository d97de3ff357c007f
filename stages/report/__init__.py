"""Report: one static folder to look at, from disk, without a network.

`data/report/`, written whole, the same bytes for the same inputs:

    index.html        the sceptic's questions first, then curves, data, maps, provenance, gallery; works from file://
    report.css, theme.js, gallery.js    the page's own; data.js: the gallery's table, a script that sets one variable
    thumbnails/ images/ heat/<number of the map>/    WebP, <image_id>.webp
    model_card.md     Mitchell et al. 2019

Every number of a metrics file on the page is a `<data>` element: `value` in full, `data-metric` where it stands
(`metrics/evaluate.json#/test/roc_auc/mean`: file and JSON Pointer). Nothing of `compute` is shown, and no secret.
`page.write_gallery` writes the gallery alone, for `predict`.
"""
