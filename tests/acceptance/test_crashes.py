"""x"""
from collections.abc import Iterator
import pytest
from tests.support.crashes import Bench, Crash
from tests.support.postgres import Databases


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, postgres: Databases) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("crashes"), postgres)
    yield bench
    bench.close()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("crash", [Crash(point="dial._through_gate", when="before")], ids=str)
def test_x(bench: Bench, crash: Crash, database: str) -> None:
    assert bench.judged(crash, database) == []
