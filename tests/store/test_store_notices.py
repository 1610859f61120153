"""What people were told stays known, so that a restart repeats nothing."""

from store.sqlite import SqliteStore
from tests.store.values import after, told


def test_what_was_told_comes_back_by_topic_and_the_last_word_counts(store):
    store.tx(lambda tx: tx.put_told([told("b"), told("a")]))
    store.tx(lambda tx: tx.put_told([told("b", sentence="again", told_at=after(60))]))
    expected = [told("a"), told("b", sentence="again", told_at=after(60))]
    assert store.tx(lambda tx: tx.told()) == expected
    store.tx(lambda tx: tx.drop_told(["a", "unknown"]))
    assert store.tx(lambda tx: tx.told()) == expected[1:]


def test_what_was_told_outlives_the_process(tmp_path):
    first = SqliteStore(tmp_path / "state.db")
    first.tx(lambda tx: tx.put_told([told()]))
    first.close()
    second = SqliteStore(tmp_path / "state.db")
    assert second.tx(lambda tx: tx.told()) == [told()]
    second.close()
