"""Writes a link command down and carries it out.  Usage: record_link.py FILE COMMAND ARGUMENT..."""

import json
import os
import pathlib
import subprocess
import sys

target, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
target.write_text(json.dumps({"directory": os.getcwd(), "command": command}), encoding="utf-8")
sys.exit(subprocess.run(command, check=False).returncode)
