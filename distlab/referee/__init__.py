"""The referee: histories of other systems judged here, and ours written down for other judges.

* ``edn``: the notation in which Jepsen and Knossos write data.
* ``formats``: a file → a history whose events know their lines; a history → a file.
* ``cli``: ``distlab check FILE --model …``.
"""
