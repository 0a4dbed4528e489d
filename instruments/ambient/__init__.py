"""The outside air: a generated city (:mod:`~instruments.ambient.city`) or a recorded one (``replay``)."""
