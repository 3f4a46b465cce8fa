"""The same protocols outside the simulation: real time, real servers, real processes.

`host` is an asyncio program as a host, `database` the Database port on SQLAlchemy. `redis_server`
and `postgres_server` start servers of their own; `server` is their common part, and `needed` says
how to get what a machine lacks. `processes` are clients that can be paused and killed, `stories`
tells in a notebook what becomes of them. `child` ends everything that was started here.
"""
