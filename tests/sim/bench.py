"""A kernel without machines, and tasks that note what they hear."""

from distlab.sim.kernel import Future, Kernel, Task, Timeout


class Owner:
    """A machine that is always on."""

    running = True

    def __init__(self):
        self.unheard_errors = []

    def admit(self, action, argument):
        action(argument)

    def unheard(self, task, error):
        self.unheard_errors.append((task.label, error))


class Bench:
    """A kernel, a list of what happened, and tasks that write into it."""

    def __init__(self):
        self.kernel, self.owner, self.log = Kernel(), Owner(), []

    def spawn(self, coroutine, label="task", background=False):
        task = Task(self.kernel, coroutine, label, self.owner, background)
        task.start()
        return task

    def sleep(self, us, label="time"):
        future = Future(self.kernel, label)
        self.kernel.at(self.kernel.now_us + us, lambda _: future.resolve())
        return future

    def timeout(self, us):
        def start(expire):
            running = [True]
            self.kernel.at(self.kernel.now_us + us, lambda _: running[0] and expire())
            return lambda: running.__setitem__(0, False)

        return Timeout(self.kernel, start, us / 1000)

    def note(self, text):
        self.log.append((self.kernel.now_us, text))

    def run(self, until_us=1000, **limits):
        self.kernel.run(until_us, **limits)
        return self.log


def heard(*expected, cancelled_at_us=None):
    """A test from a task: this is what it notes."""

    def make(work):
        def test():
            bench = Bench()
            task = bench.spawn(work(bench))
            if cancelled_at_us is not None:
                bench.kernel.at(cancelled_at_us, lambda _: task.cancel())
            assert bench.run() == [*expected]
            assert bench.owner.unheard_errors == [] and not bench.kernel.tasks

        return test

    return make
