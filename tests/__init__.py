"""The tests mirror distlab; the notebooks are tests too, under nbval."""
