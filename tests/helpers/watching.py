"""Dictionaries that know which of their entries nobody has looked up."""

import copy

from instruments.catalogue import load


class Watching(dict):
    """Entries that take their key out of ``unread`` when they are looked up; at first all of them are unread.

    Several of these may share one set: give it as ``unread``.
    """

    def __init__(self, entries, unread=None):
        super().__init__(entries)
        self.unread = set(entries) if unread is None else unread

    def __getitem__(self, key):
        self.unread.discard(key)
        return super().__getitem__(key)


def watched(model):
    """A copy of a model's catalogue entry with its parameters watched: ``entry.parameters.unread``."""
    entry = copy.copy(load(model))
    entry.parameters = Watching(entry.parameters)
    return entry
