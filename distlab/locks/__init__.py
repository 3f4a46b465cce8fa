"""Chapter 4: locks that end by themselves, and what has to protect the data when they do.

`lock` what they all have in common · `errors` what can go wrong · `redislock` on one Redis server ·
`watchdog` renews · `fencing` the resource refuses who comes too late · `redlock` on a majority of
servers · `database_lock` and `advisory` on a database · `lease_lock` on a store like etcd or
ZooKeeper · `reentrant` and `fair` two wishes and their price · `*mistakes` as often seen in the
wild · `reality` buyers as processes, on a real Redis.
"""
