"""What a person meets in Jupyter: magics, views that answer, a monitor, sweeps by slider.

The only room that knows Jupyter (but for ``cli.demo``, which executes the quickstart). Importing it
costs nothing: widgets are loaded with the first one that is shown.
"""
