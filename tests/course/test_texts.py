"""Interview cards, terms and the table of systems: what is accepted, refused and shown."""

import re

import pytest
import yaml

from distlab.course import cards, glossary, prediction, systems
from distlab.course.content import BadContent, entries, find, names
from distlab.course.glossary import term
from distlab.host import BadInput
from distlab.places import PACKAGE, shipped
from distlab.registry import all_scenarios
from distlab.replay import parse_token

(CARD,) = yaml.safe_load("""
- id: why
  question: Why?
  points: [because, and also]
  follow_ups: [{question: "Really?", answer: "Yes."}]
  trap: No idea.
  lab: start/lost-answer
""")


def written(tmp_path, *items):
    path = tmp_path / "07_sample.yaml"
    path.write_text(yaml.safe_dump(list(items)))
    return path


def test_a_card_is_read_and_knows_its_chapter(tmp_path):
    card = cards.read(written(tmp_path, CARD))["why"]
    assert card.points == ["because", "and also"]
    assert card.key == "card/sample/why"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"points": ["one"]}, "'why', points: at least 2 are needed, not 1"),
        ({"points": "one"}, "'why', points: 'one' should be of type array"),
        ({"follow_ups": [{"question": "?"}]}, "'why', follow_ups 1: missing: answer"),
        ({"trap": ""}, "'why', trap"),
        ({"traps": "x"}, "unknown key 'traps'; did you mean 'trap'"),
        ({"id": None}, "id: None should be of type string"),
    ],
)
def test_a_malformed_card_is_refused(tmp_path, change, complaint):
    with pytest.raises(BadContent, match=complaint):
        cards.read(written(tmp_path, {**CARD, **change}))


def test_a_card_used_twice_or_unknown_is_refused(tmp_path):
    with pytest.raises(BadContent, match="'why' is used twice"):
        cards.read(written(tmp_path, CARD, CARD))
    with pytest.raises(BadInput, match="no card 'cap-mean'; did you mean 'cap-means'"):
        cards.card("01_cap", "cap-mean")


def test_the_labs_that_texts_name_exist():
    known = {scenario.id for scenario in all_scenarios()}
    chapters = {scenario.partition("/")[0] for scenario in known}
    named = {
        entry["lab"]
        for path in sorted(shipped("data").rglob("*.yaml"))
        if path.parent.name in ("quizzes", "interview") or path.stem == "glossary"
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
        if "lab" in entry
    }
    there = {lab for lab in named if lab.partition("/")[0] in chapters}
    assert there - known == set()


def test_a_term_shows_its_chinese_word_and_its_meaning_on_hover():
    word = term("linearizability")
    assert word.zh == "线性一致性"
    assert word.html().startswith('<abbr title="Every operation appears')
    assert word.html().endswith('>linearizability</abbr> <span lang="zh">(线性一致性)</span>')
    assert str(word) == "linearizability"
    assert word.text().startswith("linearizability (线性一致性): Every")
    assert set(word._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_a_term_is_found_by_its_word_and_an_unknown_one_named():
    assert term("Split brain") is term("split-brain")
    assert str(term("split-brain")) == "split brain"
    with pytest.raises(BadInput, match="no term 'quorums'; did you mean 'quorum'"):
        term("quorums")


def test_a_term_is_explained_on_hover_where_it_is_first_met():
    html = '<b title="quorum">A sloppy quorum</b>: <code>last write wins</code>, a Sloppy quorum'
    sloppy = term("sloppy-quorum").on_hover("sloppy quorum")
    assert glossary.explained(html) == html.replace("sloppy quorum", sloppy)
    assert glossary.explained("linearizability, linearizability").count("<abbr") == 1
    assert glossary.explained("a pause, a crash") == "a pause, a crash"
    assert "<abbr" not in glossary.explained("unlinearizability")


def test_the_lab_of_a_term_leads_to_its_chapter():
    shown = glossary.glossary("quorum", "gossip", "lease").html()
    assert '<a href="01_cap.ipynb" data-notebook="01_cap.ipynb">cap/r-plus-w</a>' in shown
    assert 'data-notebook="05_ids.ipynb">ids/lease-over</a>' in shown
    assert shown.count("<a ") == 2


def test_what_is_shown_is_escaped():
    word = glossary.Term("x", "R&W", "<b>", 'say "x" < y', "s")
    assert word.html() == (
        '<abbr title="say &quot;x&quot; &lt; y" tabindex="0">R&amp;W</abbr> '
        '<span lang="zh">(&lt;b&gt;)</span>'
    )


def test_chinese_stands_in_the_glossary_only_and_there_in_elements_of_its_own():
    """So it can be hidden where it would be boxes; and a picture never has any."""
    chinese = re.compile("[\u2e80-\u9fff]")
    files = [path for folder in (PACKAGE, shipped("data")) for path in folder.rglob("*.*")
             if path.suffix in {".py", ".yaml", ".json", ".js", ".css", ".html"}]  # fmt: skip
    found = {path.name for path in files if chinese.search(path.read_text("utf-8"))}
    assert found == {"glossary.py", "glossary.yaml", "letters.js"}
    shown = glossary.glossary().html() + term("linearizability").html()
    assert len(re.findall('lang="zh"', shown)) == len(glossary.glossary().terms) + 2
    assert not chinese.search(re.sub(r'<(\w+)[^>]* lang="zh">[^<]*</\1>', "", shown))


def test_the_glossary_is_a_table_of_about_sixty_terms():
    everything = glossary.glossary()
    assert len(everything.terms) >= 60
    assert everything.html().count("<tr>") == len(everything.terms) + 1
    assert [t.id for t in glossary.glossary("quorum", "abd").terms] == ["quorum", "abd"]


def test_every_term_and_row_is_complete(tmp_path):
    bad = written(tmp_path, {"id": "x", "term": "X", "zh": "X", "meaning": "X"})
    with pytest.raises(BadContent, match="'x': missing: source"):
        entries(bad, glossary.TERM, glossary.Term)
    row = dict.fromkeys(("id", "system", "default", "setting", "note", "source"), "x")
    assert entries(written(tmp_path, row), systems.ROW, dict) == {"x": row}
    with pytest.raises(BadContent, match="'x': missing: source"):
        entries(written(tmp_path, {k: row[k] for k in row if k != "source"}), systems.ROW, dict)


def test_the_systems_of_the_curriculum_are_there_with_a_source_each():
    table = systems.systems()
    assert {row["id"] for row in table.rows} >= {
        *("hbase", "mongodb", "zookeeper", "etcd", "cassandra", "dynamodb", "eureka"),
        *("redis", "postgresql", "kafka"),
    }
    assert table.text().count("source: ") == len(table.rows)
    assert table.html().count('scope="row"') == len(table.rows)


def test_some_systems_in_the_order_asked_for():
    assert [row["id"] for row in systems.systems("kafka", "etcd").rows] == ["kafka", "etcd"]
    with pytest.raises(BadInput, match="no system 'zookeper'; did you mean 'zookeeper'"):
        systems.systems("zookeper")


@pytest.mark.parametrize("name", names("predictions"))
def test_one_answer_to_each_prediction_comes_true_in_the_run_it_is_about(name):
    for entry in prediction.read(find("predictions", name)).values():
        run = parse_token(entry.about).run()
        right = [entry.judge(run, option).right for option in range(1, len(entry.options) + 1)]
        assert right.count(True) == 1, entry.id
        assert right.count(False) == len(right) - 1, entry.id


@pytest.mark.parametrize("name", names("predictions"))
def test_the_seed_of_a_prediction_does_not_matter(name):
    for entry in prediction.read(find("predictions", name)).values():
        asked = parse_token(entry.about)
        first = entry.judge(asked.run(), 1).right
        assert all(entry.judge(asked._replace(seed=n).run(), 1).right is first for n in range(9))


def test_a_malformed_prediction_says_where(tmp_path):
    path = tmp_path / "01_cap.yaml"
    path.write_text(
        "- {id: a, about: x, question: What, options: [{text: This}, {text: That}]}",
        encoding="utf-8",
    )
    with pytest.raises(BadContent, match="'a', options"):
        prediction.read(path)
