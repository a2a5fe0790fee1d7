"""What Spark needs on the machine, and a session of its own for trying things out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

from dropout_risk.errors import MissingExtraError

OLDEST_JAVA = 17
_INSTALL_JAVA = (
    f"install a Java runtime {OLDEST_JAVA} or newer, and set JAVA_HOME where it is not on the PATH"
)


def local_session(cores: int = 2, *, memory: str = "2g", **options: Any) -> Any:
    """Start Spark on this machine, quietly, with this Python for its workers.

    On a cluster use the session that is there; every function here takes any.

    Parameters
    ----------
    cores : int, default=2
        Tasks at the same time; a task that fails is tried four times.
    memory : str, default="2g"
        Of the Java process; the Python workers come on top of it.
    **options
        Further settings of Spark, with ``_`` for the dots: ``spark_sql_shuffle_partitions=8``.

    Returns
    -------
    pyspark.sql.SparkSession

    Raises
    ------
    MissingExtraError
        If pyspark is not installed, or no Java that it can use.
    """
    require_spark()
    from pyspark.sql import SparkSession

    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.master(f"local[{cores},4]").appName("dropout_risk")
    settings = {
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.python.daemon.module": "dropout_risk.spark.daemon",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **{name.replace("_", "."): value for name, value in options.items()},
    }
    for name, value in settings.items():
        builder = builder.config(name, str(value))
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def require_spark() -> None:
    """Say clearly what is missing, pyspark or a Java that it can use, before Spark does at length."""
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Spark needs pyspark.", hint="install dropout-risk[spark]") from error
    version = _java_version()
    if version is None:
        raise MissingExtraError("Spark needs Java, and none was found.", hint=_INSTALL_JAVA)
    if version < OLDEST_JAVA:
        raise MissingExtraError(f"Spark needs Java {OLDEST_JAVA}; this is {version}.", hint=_INSTALL_JAVA)


def _java_version() -> int | None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None:
        return None
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr)
    return int(found.group(1)) if found else None
