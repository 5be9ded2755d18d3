"""The package `reactivation`, found under lib: wheel, editable install, mypy and the zip for spark-submit agree."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'^__version__ = "(.+)"$', (HERE / "lib/reactivation/__init__.py").read_text("utf-8"), re.M)
assert VERSION, "lib/reactivation/__init__.py must hold a line with __version__"

# A cluster brings Spark itself, in its own build; a wheel that asked for it would install another over it.
SPARK = ["pyspark==4.1.1", "delta-spark==4.3.1"]
TOOLS = [
    "chispa",
    "psutil",
    "pytest",
    "pytest-xdist",
    "hypothesis",
    "ruff",
    "mypy",
    "types-psutil",
    "types-PyYAML",
    "pandas-stubs",
    "setuptools>=75",
]

setup(
    name="reactivation",
    version=VERSION[1],
    description="Wakes a bank's sleeping mobile-banking users, month by month, and measures what it moved.",
    python_requires=">=3.11",
    package_dir={"": "lib"},
    packages=find_packages("lib", include=["reactivation", "reactivation.*"]),
    package_data={"reactivation": ["py.typed", "**/*.j2", "**/*.html", "**/*.css"]},
    install_requires=[
        "mlflow>=3.14,<4",
        "pyyaml",
        "pydantic>=2",
        "statsmodels",
        "scipy",
        "scikit-learn",
        "pandas",
        "pyarrow",
        "xgboost",
        "Jinja2",
        "matplotlib",
    ],
    extras_require={"spark": SPARK, "dev": [*SPARK, *TOOLS]},
)
