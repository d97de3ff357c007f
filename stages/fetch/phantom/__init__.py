"""Synthetic chest radiographs with known lesions: an analytic thorax, projected, exposed and shown like a real one.

`plan.plan(settings)` lists the images, `generate.render(settings, item)` draws one. Nothing is imported here: the
schema of the parameters reaches into this package for its settings alone.
"""
