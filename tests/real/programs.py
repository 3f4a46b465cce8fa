"""What processes do in tests."""

import asyncio
import os


async def echo(pipe, greeting="hello"):
    print("this is not for the parent")
    pipe.send([greeting, os.getpid()])
    while (value := await pipe.receive()) != "enough":
        pipe.send(value)


async def count(pipe):
    for number in range(10**9):
        pipe.send(number)
        await asyncio.sleep(0.001)


async def fail(pipe):
    await pipe.receive()
    raise ZeroDivisionError("on purpose")


async def listen_and_work(pipe):
    hearing = asyncio.create_task(pipe.receive())
    work = 0
    while not hearing.done():
        work += 1
        await asyncio.sleep(0)
    pipe.send([await hearing, work > 0])
