"""`python3 -m cli_tuner.install`: make the tested environment, or say in one line why that cannot be.

This file is read by whatever `python3` is found, so it is written for old ones too and looks at the version first.
"""

import sys

if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    sys.stderr.write("error: this is Python %d.%d; CLI-Tuner runs on 3.10 to 3.13\n" % sys.version_info[:2])
    sys.stderr.write("  hint: PYTHON=python3.12 make setup, or another one that is installed (ls /usr/bin/python3.*)\n")
    sys.exit(3)

from cli_tuner.install.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
