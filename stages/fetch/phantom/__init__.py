"""Synthetic chest radiographs with known lesions: an analytic thorax, projected, exposed and shown like a real one."""

from stages.fetch.phantom.generate import Radiograph, render
from stages.fetch.phantom.plan import Item, plan
from stages.fetch.phantom.settings import Settings

__all__ = ["Item", "Radiograph", "Settings", "plan", "render"]
