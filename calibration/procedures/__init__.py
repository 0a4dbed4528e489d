"""Procedures: plain code over one object, :class:`rig.run.Run`. They never know how bytes travel."""
