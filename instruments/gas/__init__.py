"""Gas analyzers: from the gas at the inlet to the number on the display, cause by cause."""
