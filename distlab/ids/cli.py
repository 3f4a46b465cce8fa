"""`distlab id`: say what an id is."""

from distlab.command import as_json, parser
from distlab.ids.identify import identify


def run_id(arguments: list[str]) -> int:
    options = parser("id")
    options.add_argument("text", help="a Snowflake, UUID, ULID, ObjectId or plain number")
    options.add_argument(
        "--epoch", help="how to read a Snowflake: discord, twitter, course, or milliseconds"
    )
    given = options.parse_args(arguments)
    readings = identify(given.text, given.epoch)
    if given.json:
        found = [reading.as_dict() for reading in readings]
        print(as_json({"id": given.text, "readings": found}))
        return 0
    if len(readings) > 1:
        print(f"{len(readings)} readings, likely ones first:\n")
    print("\n\n".join(reading.text() for reading in readings))
    return 0
