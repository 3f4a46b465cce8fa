import pytest


@pytest.fixture(autouse=True)
def learner(tmp_path, monkeypatch):
    """Every test has a learner of its own. The value is that learner's folder."""
    folder = tmp_path / "learner"
    monkeypatch.setenv("DISTLAB_HOME", str(folder))
    return folder
