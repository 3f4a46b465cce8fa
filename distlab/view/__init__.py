"""Pictures of runs: a trace goes in, an SVG and the same in words come out.

`spacetime` draws who sent what to whom and when, `strip` how the run would have ended had a fault
happened at another instant, `history` what the clients saw. `theme` holds every colour and word,
`picture` what all pictures have in common. Nothing here knows about widgets or notebooks.
"""
