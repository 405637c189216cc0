"""Mutants: definitions with one changed value. The unit tests of a definition must notice each of them.

``mutants_of`` makes all mutants of a definition, by one file for each part of it (``*_changes.py``).
``python -m alarms.test --mutants`` plays the unit tests against them (``mutation_run``). A change that no data can
show is declared beside the definition, and the declaration is checked with random series (``equivalents``).
"""
