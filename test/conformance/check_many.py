"""Several clients at once, on a gateway that nobody else uses meanwhile. `python check_many.py URL AT_LEAST_SLOTS`"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from gym_client import KubeSreGymAction, generic, main, raises, typed

AT_LEAST = int(sys.argv[2])
LOOK = "kubectl get pods -A"
slots = 0


def connected(stack, url):
    env = stack.enter_context(generic(url))
    env.state()
    return env


def enough_slots_are_free(url):
    """Counts them; sockets of an earlier check may still be closing."""
    global slots
    for _ in range(100):
        with ExitStack() as stack:
            slots = 0
            try:
                while True:
                    connected(stack, url)
                    slots += 1
            except RuntimeError as error:
                assert "CAPACITY_REACHED" in str(error), error
        if slots >= AT_LEAST:
            return
        time.sleep(0.1)
    raise AssertionError(f"{slots} slots are free, {AT_LEAST} are needed; the HTTP session takes one, too")


def all_sessions_play_apart(url):
    def play(index):
        with typed(url) as env:
            env.reset(seed=index, episode_id=f"parallel-{index}")
            for count in range(1, 4):
                step = env.step(KubeSreGymAction(command=f"{LOOK} # {index}"))
                assert step.observation.steps_taken == count, step
                state = env.state()
                assert (state.episode_id, state.step_count) == (f"parallel-{index}", count), state

    with ThreadPoolExecutor(slots) as pool:
        list(pool.map(play, range(slots)))


def one_too_many_is_told_so(url):
    with ExitStack() as stack:
        for _ in range(slots):
            connected(stack, url)
        for _ in range(20):
            with generic(url) as surplus:
                raises("CAPACITY_REACHED", lambda: surplus.reset(seed=1))


def a_killed_client_frees_its_slot_at_once(url):
    script = (
        "import sys, time; from gym_client import generic; env = generic(sys.argv[1]); env.connect(); env.reset(seed=1); "
        "print('playing', flush=True); time.sleep(600)"
    )
    with ExitStack() as stack:
        for _ in range(slots - 1):
            connected(stack, url)
        for _ in range(3):
            with subprocess.Popen([sys.executable, "-c", script, url], stdout=subprocess.PIPE, text=True) as child:
                assert child.stdout.readline() == "playing\n"
                raises("CAPACITY_REACHED", lambda: connected(stack, url))
                child.kill()
            started = time.monotonic()
            with generic(url) as env:
                assert env.state()["episode_id"] is None, "a new socket must be a new session"
            assert time.monotonic() - started < 2


def closing_and_connecting_again_always_finds_the_slot(url):
    with ExitStack() as stack:
        for _ in range(slots - 1):
            connected(stack, url)
        for index in range(10):
            with generic(url) as env:
                env.reset(seed=index)


if __name__ == "__main__":
    main(
        [
            enough_slots_are_free,
            all_sessions_play_apart,
            one_too_many_is_told_so,
            a_killed_client_frees_its_slot_at_once,
            closing_and_connecting_again_always_finds_the_slot,
        ]
    )
