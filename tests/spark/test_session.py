"""What is missing on a machine is said in one line, and nothing of Spark is needed to import the library."""

import subprocess
import sys

import pytest

from dropout_risk.errors import MissingExtraError
from dropout_risk.spark import session


def test_pyspark_is_not_imported_with_the_package():
    code = "import sys, dropout_risk.spark; print('pyspark' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "False"


def test_without_pyspark_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)

    with pytest.raises(MissingExtraError, match=r"dropout-risk\[spark\]"):
        session.local_session()


def test_without_java_its_version_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(MissingExtraError, match="Java runtime 17 or newer"):
        session.local_session()


@pytest.mark.parametrize(("version", "named"), [('"1.8.0_392"', "8"), ('"11.0.2"', "11")])
def test_a_java_that_is_too_old_is_named(monkeypatch, tmp_path, version, named):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho 'openjdk version {version}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(MissingExtraError, match=f"this is {named}"):
        session.require_spark()


def test_this_machine_has_what_spark_needs():
    session.require_spark()

    assert session._java_version() >= session.OLDEST_JAVA
