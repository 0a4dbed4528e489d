"""Sources of known gas: cylinders, zero air, the dynamic calibrator and its parts."""
