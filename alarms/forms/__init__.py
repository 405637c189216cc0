"""Reads files of definitions that are not in the form of this project. There is one module for each form."""
