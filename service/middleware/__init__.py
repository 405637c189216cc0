"""Falcon middleware: steps that every request and every answer passes."""
