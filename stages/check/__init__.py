"""Stage `check`: the whole of params.yaml against the schema, before anything else.

Its output never changes, so an edit that passes reruns nothing by itself.
"""
