"""The same protocols outside the simulation: real time, real servers, real processes.

`host` is an asyncio program as a host. `redis_server` and `postgres_server` start servers of their
own; `server` is what these have in common, and `needed` says how to get what a machine lacks.
`multiplexed` is a faster client for Redis, `database` the Database port on SQLAlchemy. `processes`
are clients that can be paused and killed, and `child` is how all that is started here comes to its
end.
"""
