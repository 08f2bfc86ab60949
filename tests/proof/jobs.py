"""Several seeds at a time, each in a process of its own."""
import multiprocessing
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed

from seed import carry_out


def end_on_sigterm():
    """SIGTERM unwinds as Ctrl-C does, so that what was started is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def carry_out_all(tasks, jobs):
    """Yields a result for each (seed, clustered, Options) as it is there; with one job in their order, in this process."""
    if jobs == 1:
        yield from (carry_out(*task) for task in tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, end_on_sigterm, max_tasks_per_child=1) as pool:
        try:
            for done in as_completed([pool.submit(carry_out, *task) for task in tasks]):
                yield done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for each in multiprocessing.active_children():
                each.terminate()
            raise
