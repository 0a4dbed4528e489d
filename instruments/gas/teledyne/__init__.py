"""Teledyne's T series: adaptive filters, dark and zero measurements of their own, slope and offset."""
