"""What procedures share: context and outcome, levels of gas, snapshots, what is uncertain about references."""
