"""The same protocols outside the simulation: real time, real servers, real processes.

`host` is an asyncio program as a host. `redis_server` and `postgres_server` start servers of their
own and end them for sure, `database` is the Database port on such a server, `processes` are clients
that can be paused and killed, `child` is how everything that is started here comes to its end.
"""
