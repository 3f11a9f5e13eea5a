"""Many documents: what is read, shared between processes, kept over a kill, and reported.

``docspec.batch`` and ``docspec batch`` begin in run.py.
"""
