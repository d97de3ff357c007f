"""Stage `weights`: the backbone's weights as our own HDF5 of named arrays, with a note of where they came from.

Writes data/weights/<backbone>.h5 and data/weights/provenance.json. With `fetch` the only stage that may use a network.
"""
