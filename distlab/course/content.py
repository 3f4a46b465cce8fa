"""The course's texts: YAML files under `data/`, checked against a schema when they are read.

An error in such a file is for its author, so every message says which file, which entry, what is
wrong there and what is allowed.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from distlab.host import BadInput, did_you_mean
from distlab.places import shipped

Schema = Mapping[str, Any]
Made = TypeVar("Made")

TEXT: Schema = {"type": "string", "minLength": 1}
NAME: Schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"}


class BadContent(BadInput):
    """A file of the course is malformed."""


def record(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """The schema of a mapping with these keys and no others."""
    return {"type": "object", "properties": {**required, **optional},
            "required": list(required), "additionalProperties": False}  # fmt: skip


def several(item: Schema, at_least: int = 1) -> Schema:
    """The schema of a list."""
    return {"type": "array", "items": item, "minItems": at_least}


def find(kind: str, name: str) -> Path:
    """The file `data/<kind>/<name>.yaml`. An unknown name is a `BadInput` with the known ones."""
    path = shipped("data") / kind / f"{name}.yaml"
    if not path.is_file():
        raise BadInput(f"{kind}: no {name!r}{did_you_mean(name, names(kind))}")
    return path


def names(kind: str) -> tuple[str, ...]:
    """The names of the files in `data/<kind>`."""
    return tuple(sorted(path.stem for path in (shipped("data") / kind).glob("*.yaml")))


def chapter(name: str) -> str:
    """`cap` for a file or notebook called 01_cap."""
    return name.partition("_")[2] or name


def load(path: Path, schema: Schema) -> Any:
    """The content of the file. Raises `BadContent` when it is not YAML or breaks the schema."""
    label = "/".join(path.parts[-2:])
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BadContent(f"{label}{line}: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadContent(f"{label}: not YAML in UTF-8 ({error})") from None
    problem = best_match(Draft202012Validator(schema).iter_errors(document))
    if problem is not None:
        place = _place(document, problem.absolute_path)
        raise BadContent(f"{label}{place}: {_complaint(problem)}")
    return document


def entries(path: Path, schema: Schema, make: Callable[..., Made]) -> dict[str, Made]:
    """The file's list of entries as objects, by their ids. Two equal ids are an error."""
    made: dict[str, Made] = {}
    for fields in load(path, several(schema)):
        if fields["id"] in made:
            raise BadContent(f"{path.name}: the id {fields['id']!r} is used twice")
        made[fields["id"]] = make(**fields)
    return made


def _place(document: Any, path: Iterable[str | int]) -> str:
    """`, questions 'q3', answers 2, correct`: entries by their id where they have one."""
    words = ""
    for step in path:
        document = document[step]
        named = isinstance(document, dict) and isinstance(document.get("id"), str)
        if isinstance(step, str):
            words += f", {step}"
        else:
            words += f"{' ' if words else ', '}{repr(document['id']) if named else step + 1}"
    return words


def _complaint(error: ValidationError) -> str:
    found: Any = error.instance
    allowed: Any = error.validator_value
    match error.validator:
        case "required":
            return f"missing: {', '.join(key for key in allowed if key not in found)}"
        case "additionalProperties":
            known: Any = error.schema
            unknown = min(str(key) for key in found if key not in known["properties"])
            return f"unknown key {unknown!r}{did_you_mean(unknown, known['properties'])}"
        case "enum":
            return f"{found!r} is not allowed{did_you_mean(str(found), allowed)}"
        case "type":
            return f"{found!r} should be of type {allowed}"
        case "minItems":
            return f"at least {allowed} are needed, not {len(found)}"
        case "not":
            return f"{allowed['required'][0]!r} does not belong in this kind of entry"
    return error.message


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping: YAML would silently drop the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(node.value):
            raise yaml.MarkedYAMLError(problem="a key stands twice", problem_mark=node.start_mark)
        return mapping
