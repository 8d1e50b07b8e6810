"""Networks: layers, hyperparameters, plans, results, models, data, and the mapper to a spec.

The names of this room are imported from its modules; ``dlaaw_nb`` itself offers the public ones.
"""

from dlaaw_nb.nn import ports as _ports

del _ports  # imported so that annotations such as Dataset and Model stand for port types
