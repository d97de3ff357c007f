"""Stage `trust`: are the maps faithful to the model, and do they depend on what it learned?

Writes metrics/trust.json and, to be plotted, plots/trust/faithfulness.csv (curves of insertion and deletion) and
plots/trust/sanity.csv (how alike maps are before and after the model's weights are shuffled).
"""
