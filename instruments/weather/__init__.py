"""Weather and visibility instruments."""
