"""Procedures that prove an instrument, the statistics behind them, and the record that they leave."""
