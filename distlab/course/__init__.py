"""What turns labs into a course: predictions, quizzes, exercises, interview cards, words.

* `progress`: what a learner did, one JSON file in the user's data folder
* `prediction`: say first what the fault will do; the run says whether it did
* `quiz`, `cards`, `glossary`, `systems`, `chapters`: the texts of `data/`, checked by `content`
* `exercise`: the learner's own protocol code, judged by runs of a scenario
* `widgets`: all of it as widgets, the only module here that needs ipywidgets; `cli`: on a terminal

One rule holds everywhere: what a committed notebook shows never depends on a learner's progress,
and what code in a cell does is recorded only when it asks to be (`record=True`).
"""
