"""What makes a course of the labs: predictions, quizzes, exercises, interview cards, a glossary.

* `progress`: what the learner did, one JSON file in the user's data folder
* `prediction`: the learner says first what the fault will do, and the run judges it
* `quiz`, `cards`, `glossary`, `systems`, `chapters`: the texts of `data/`, checked by `content`
* `exercise`: the learner's own protocol code, judged by runs of a scenario
* `widgets`: all of it as widgets, the only module here that needs ipywidgets; `cli`: on a terminal

One rule holds everywhere: the outputs of a committed notebook never depend on a learner's progress,
and code in a cell records something only when it says so (`record=True`).
"""
