"""The referee: histories of other systems judged here, and ours written down for other judges.

* ``edn``: the notation in which Jepsen and Knossos write data.
* ``formats``: a file → events that know their lines; a history → a file.
* ``events``: events → a history.
* ``cli``: ``distlab check FILE --model …``.
"""
