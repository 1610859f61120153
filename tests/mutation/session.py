"""Play mutants as forks of one pytest session, which collects once: ten times as fast as mutmut.

mutmut has written the mutants and noted which test touches which function (`make mutants`); this
plugin runs them, in `mutants/`. `MUTANTS` names patterns (`sync.detect.*`), `SAMPLE` how many of
each module are drawn, `DRAW` the seed of the draw (4), `SECONDS` the processor time of one mutant:
what is not killed by then counts as survived. A test that was written since is played for every
mutant. Ends with the score of each module and the names of the survivors.
"""

import json
import os
import random
import resource
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import pytest
from mutmut.mutation.trampoline import set_mutant_under_test  # in the tool's own environment

PATTERNS = os.environ.get("MUTANTS", "*").split()
SAMPLE = int(os.environ.get("SAMPLE", "60"))
DRAW = int(os.environ.get("DRAW", "4"))
SECONDS = int(os.environ.get("SECONDS", "12"))
SLOW = {f"test_durability_{one}.py" for one in ("kills", "real_kills", "troubles", "wandering")}


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what takes minutes by itself."""
    return True if collection_path.name in SLOW else None


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Run every drawn mutant against the tests that touch its function, quickest first."""
    noted = json.loads(Path("mutmut-stats.json").read_text())
    took: dict[str, float] = noted["duration_by_test"]
    tests: dict[str, list[str]] = noted["tests_by_mangled_function_name"]
    items = sorted(session.items, key=lambda item: took.get(item.nodeid, 0))
    set_mutant_under_test("")
    assert _passes(items[-1:]), "the tests fail without any mutant"
    killed: dict[str, list[bool]] = defaultdict(list)
    for module, name in _drawn():
        wanted = set(tests.get(name.rpartition("__mutmut_")[0], ()))
        played = [one for one in items if one.nodeid in wanted or one.nodeid not in took]
        is_killed = _dies(name, played)
        killed[module].append(is_killed)
        if not is_killed:
            print(f"survived: {name}", flush=True)  # noqa: T201  # its report
    for module, ends in killed.items():
        share = round(100 * sum(ends) / len(ends))
        print(f"{module}: {sum(ends)} of {len(ends)} killed, {share} %")  # noqa: T201  # its report
    return True


def _drawn() -> Iterator[tuple[str, str]]:
    for path in sorted(Path("sync").glob("*.meta")):
        names = sorted(json.loads(path.read_text())["exit_code_by_key"])
        chosen = [name for name in names if any(fnmatch(name, one) for one in PATTERNS)]
        random.Random(DRAW).shuffle(chosen)  # noqa: S311  # a sample, no secret
        yield from ((path.name.removesuffix(".py.meta"), name) for name in chosen[:SAMPLE])


def _dies(name: str, items: Sequence[pytest.Item]) -> bool:
    """Tell whether a test fails in a process of its own; one that ends without a word has not."""
    begun, child = time.monotonic(), os.fork()
    if not child:
        _be(name, items)
    status = None
    while status is None:
        ended, code = os.waitpid(child, os.WNOHANG)
        status = code if ended else None
        if status is None and time.monotonic() - begun > 6 * SECONDS:
            os.kill(child, 9)
        time.sleep(0.02)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1


def _be(name: str, items: Sequence[pytest.Item]) -> None:
    """Be the mutant; leaves the process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    end = int(time.process_time()) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (end, end + 1))
    set_mutant_under_test(name)
    try:
        code = 0 if _passes(items) else 1
    except BaseException:  # noqa: BLE001  # a mutant may raise anything; it must not be played on
        code = 1
    os._exit(code)


def _passes(items: Sequence[pytest.Item]) -> bool:
    for number, item in enumerate(items):
        following = items[number + 1] if number + 1 < len(items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if item.session.testsfailed:
            return False
    return True
