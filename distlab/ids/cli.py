"""`distlab id`: say what an id is."""

from distlab.command import as_json, parser
from distlab.ids.identify import identify
from distlab.ids.services import SERVICES


def run_id(arguments: list[str]) -> int:
    options = parser("id")
    options.add_argument("text", help="a Snowflake, UUID, ULID, … (after -- if it begins with -)")
    options.add_argument(
        "--epoch", help=f"how to read a Snowflake: {', '.join(SERVICES)}, or milliseconds"
    )
    given = options.parse_args(arguments)
    readings = identify(given.text, given.epoch)
    if given.json:
        found = [reading.as_dict() for reading in readings]
        print(as_json({"id": given.text, "readings": found}))
        return 0
    likely = [reading for reading in readings if reading.likely] or readings[:1]
    if len(readings) > 1:
        print(f"{len(readings)} readings, likely ones first:\n")
    print("\n\n".join(reading.text() for reading in likely))
    if others := readings[len(likely) :]:
        print("\nNot likely:\n" + "\n".join(f"  {reading.line()}" for reading in others))
    return 0
