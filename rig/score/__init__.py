"""A station software's log held against the truth that `rig serve --truth` wrote: what it lost, shifted or made up."""
