"""Pictures of runs: a trace goes in, an SVG and the same in words come out.

`spacetime` draws the messages between machines over time. `strip` draws how the run ends when a
fault happens at another instant, `history` what the clients saw. `theme` and `picture.css` hold the
colours, shapes and words; `picture` is what all pictures have in common; `still` shows tables and
texts without a widget. Nothing here imports widgets or notebooks.
"""
