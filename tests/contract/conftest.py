import sys
from pathlib import Path

# The pigeon is installed as an outside package by one test and imported as it lies here by the others.
sys.path.insert(0, str(Path(__file__).parent))
