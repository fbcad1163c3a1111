"""A pytest plugin: tests the native module in the folder FOREWORD_NATIVE, not the installed one."""

import importlib.util
import os
import sys
from pathlib import Path

from foreword.compiled import MODULE

(actual,) = Path(os.environ["FOREWORD_NATIVE"]).glob("_native*.so")
spec = importlib.util.spec_from_file_location(MODULE, actual)
assert spec is not None
assert spec.loader is not None
sys.modules[MODULE] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[MODULE])
