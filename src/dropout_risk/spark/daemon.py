"""Imports the library once, before Spark forks its Python workers from this process.

``spark.python.daemon.module`` names it: a worker is then ready at once instead of after seconds. It is not
needed, and changes no result.
"""

from __future__ import annotations

import lightgbm  # noqa: F401
from pyspark.daemon import manager

if __name__ == "__main__":
    manager()
